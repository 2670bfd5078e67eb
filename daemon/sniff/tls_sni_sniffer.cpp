// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/tls_sni_sniffer.h"

#include "daemon/sniff/host_name.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>

namespace sluice::sniff {

namespace {

constexpr std::size_t recordHeaderSize = 5;
constexpr std::size_t handshakeHeaderSize = 4;
constexpr std::size_t maxRecordSize = 16384; // TLSPlaintext.length, RFC 8446 5.1

constexpr unsigned handshakeRecord = 22;
constexpr unsigned clientHelloMessage = 1;
constexpr unsigned serverNameExtension = 0;
constexpr unsigned alpnExtension = 16;
constexpr unsigned encryptedClientHelloExtension = 0xfe0d;
constexpr unsigned hostNameType = 0;

/// Reads big-endian fields from the front of some bytes. A read beyond the end sets `failed` and yields nothing.
/// It holds a view only.
class Reader
{
public:
    explicit Reader(std::span<const std::byte> bytes)
        : m_bytes(bytes)
    {
    }

    [[nodiscard]] bool isEmpty() const { return m_bytes.empty(); }
    [[nodiscard]] bool hasFailed() const { return m_failed; }

    std::span<const std::byte> take(std::size_t count)
    {
        if (count > m_bytes.size()) {
            m_failed = true;
            m_bytes = {};
            return {};
        }
        const auto taken = m_bytes.first(count);
        m_bytes = m_bytes.subspan(count);
        return taken;
    }

    /// An unsigned number of `size` bytes.
    unsigned number(std::size_t size)
    {
        unsigned value = 0;
        for (const std::byte byte : take(size))
            value = value << 8 | std::to_integer<unsigned>(byte);
        return value;
    }

    /// A vector of TLS's presentation language: its length in `lengthSize` bytes, then its bytes.
    Reader vector(std::size_t lengthSize)
    {
        Reader inner(take(number(lengthSize)));
        inner.m_failed = m_failed;
        return inner;
    }

    [[nodiscard]] std::string_view text() const
    {
        return {reinterpret_cast<const char *>(m_bytes.data()), m_bytes.size()};
    }

private:
    std::span<const std::byte> m_bytes;
    bool m_failed = false;
};

SniffResult answer(Verdict verdict, Protocol protocol)
{
    SniffResult result;
    result.verdict = verdict;
    result.protocol = protocol;
    return result;
}

bool readServerName(Reader extension, SniffResult &result)
{
    Reader list = extension.vector(2);
    if (extension.hasFailed() || !extension.isEmpty() || list.isEmpty())
        return false;
    bool hasName = false;
    while (!list.isEmpty()) {
        const unsigned type = list.number(1);
        const Reader name = list.vector(2);
        if (list.hasFailed())
            return false;
        if (type != hostNameType)
            continue;
        auto host = normaliseHost(name.text());
        if (hasName || !host)
            return false;
        hasName = true;
        result.host = std::move(host->name);
        result.literal = host->literal;
    }
    return true;
}

bool readAlpn(Reader extension, SniffResult &result)
{
    Reader list = extension.vector(2);
    if (extension.hasFailed() || !extension.isEmpty())
        return false;
    while (!list.isEmpty()) {
        const Reader protocol = list.vector(1);
        if (list.hasFailed() || protocol.isEmpty())
            return false;
        result.alpn.emplace_back(protocol.text());
    }
    return true;
}

/// `body` is a whole ClientHello without its handshake header (RFC 8446 4.1.2).
bool readClientHello(Reader body, SniffResult &result)
{
    body.number(2); // legacy_version
    body.take(32);  // random
    body.vector(1); // legacy_session_id
    body.vector(2); // cipher_suites
    body.vector(1); // legacy_compression_methods
    if (body.hasFailed())
        return false;
    if (body.isEmpty()) // before TLS 1.2 a hello could go without extensions
        return true;
    Reader extensions = body.vector(2);
    if (body.hasFailed() || !body.isEmpty())
        return false;
    bool hasServerName = false;
    while (!extensions.isEmpty()) {
        const unsigned type = extensions.number(2);
        const Reader data = extensions.vector(2);
        if (extensions.hasFailed())
            return false;
        if (type == serverNameExtension) {
            if (hasServerName || !readServerName(data, result))
                return false;
            hasServerName = true;
        } else if (type == alpnExtension) {
            if (!readAlpn(data, result))
                return false;
        } else if (type == encryptedClientHelloExtension) {
            result.hasEch = true;
        }
    }
    return true;
}

/// The records at the front of `bytes`, one after the other, without copying.
class RecordWalk
{
public:
    explicit RecordWalk(std::span<const std::byte> bytes)
        : m_rest(bytes)
    {
    }

    /// Found: `fragment` is what is there of the next record's content (it may be cut short). NeedMore: no further
    /// byte is there. NotMine: this is no handshake record.
    Verdict next(std::span<const std::byte> &fragment)
    {
        constexpr std::array start{std::byte{handshakeRecord}, std::byte{3}}; // the type, and the major version
        const auto known = m_rest.first(std::min(m_rest.size(), start.size()));
        if (!std::equal(known.begin(), known.end(), start.begin()))
            return Verdict::NotMine;
        if (m_rest.size() < recordHeaderSize)
            return Verdict::NeedMore;
        Reader header(m_rest.first(recordHeaderSize));
        header.take(1);
        const unsigned version = header.number(2);
        const unsigned size = header.number(2);
        if (version > 0x0304 || size == 0 || size > maxRecordSize)
            return Verdict::Malformed;
        const auto content = m_rest.subspan(recordHeaderSize);
        fragment = content.first(std::min<std::size_t>(size, content.size()));
        m_rest = content.subspan(fragment.size());
        return Verdict::Found;
    }

private:
    std::span<const std::byte> m_rest;
};

} // namespace

SniffResult sniffTlsSni(std::span<const std::byte> soFar)
{
    // First only count, so that asking again after every segment costs nothing: is the whole message there?
    RecordWalk records(soFar);
    std::span<const std::byte> firstFragment, fragment;
    std::array<std::byte, handshakeHeaderSize> header{};
    std::size_t available = 0;
    std::size_t size = 0; // of the message with its header; 0 while the header is not complete
    while (size == 0 || available < size) {
        const Verdict verdict = records.next(fragment);
        if (verdict == Verdict::NotMine && available == 0)
            return answer(Verdict::NotMine, Protocol::Unknown);
        if (verdict == Verdict::NeedMore)
            return answer(Verdict::NeedMore, available == 0 ? Protocol::Unknown : Protocol::Tls);
        if (verdict != Verdict::Found)
            return answer(Verdict::Malformed, Protocol::Tls);
        if (available == 0)
            firstFragment = fragment;
        for (std::size_t i = 0; i < fragment.size() && available + i < header.size(); ++i)
            header[available + i] = fragment[i];
        available += fragment.size();
        if (available > 0 && std::to_integer<unsigned>(header[0]) != clientHelloMessage)
            return answer(Verdict::NotMine, Protocol::Unknown);
        if (size == 0 && available >= header.size()) {
            size = header.size() + Reader(std::span(header).subspan(1)).number(3);
            if (size > maxSniffBytes - recordHeaderSize)
                return answer(Verdict::Malformed, Protocol::Tls);
        }
    }

    // Most hellos come in one record and are read in place; only the others are put together.
    std::vector<std::byte> joined;
    std::span<const std::byte> message = firstFragment;
    if (message.size() < size) {
        joined.reserve(available);
        for (records = RecordWalk(soFar); joined.size() < size;) {
            [[maybe_unused]] const Verdict verdict = records.next(fragment);
            assert(verdict == Verdict::Found); // the first walk came through
            joined.insert(joined.end(), fragment.begin(), fragment.end());
        }
        message = joined;
    }

    SniffResult result = answer(Verdict::Found, Protocol::Tls);
    if (!readClientHello(Reader(message.subspan(header.size(), size - header.size())), result))
        return answer(Verdict::Malformed, Protocol::Tls);
    return result;
}

} // namespace sluice::sniff
