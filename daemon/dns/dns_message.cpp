// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dns/dns_message.h"

#include <algorithm>
#include <string_view>

namespace sluice::dns {

namespace {

constexpr std::size_t headerSize = 12;
constexpr std::size_t maxNameSize = 255; // on the wire, RFC 1035 2.3.4
constexpr std::size_t maxLabelSize = 63;
constexpr std::size_t maxRecords = 256;
constexpr int maxAliases = 16;

constexpr std::uint16_t classInternet = 1;
constexpr std::uint16_t typeCname = 5;
constexpr std::uint16_t typeOpt = 41;
constexpr std::uint16_t optionClientSubnet = 8;

constexpr std::uint16_t flagResponse = 0x8000;
constexpr std::uint16_t maskOpcode = 0x7800;
constexpr std::uint16_t flagTruncated = 0x0200;
constexpr std::uint16_t flagRecursionDesired = 0x0100;
constexpr std::uint16_t maskCode = 0x000f;

using Bytes = std::vector<std::byte>;

void append(Bytes &bytes, std::uint32_t value, int size)
{
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::byte>(value >> shift));
}

void appendText(Bytes &bytes, std::string_view text)
{
    const auto raw = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

bool appendName(Bytes &bytes, std::string_view name)
{
    const std::size_t start = bytes.size();
    while (true) {
        const std::string_view label = name.substr(0, name.find('.'));
        if (label.empty() || label.size() > maxLabelSize)
            return false;
        append(bytes, static_cast<std::uint32_t>(label.size()), 1);
        appendText(bytes, label);
        if (label.size() == name.size())
            break;
        name.remove_prefix(label.size() + 1);
    }
    append(bytes, 0, 1);
    return bytes.size() - start <= maxNameSize;
}

/// The option of RFC 7871 6: only the bytes that the prefix covers are sent.
void appendClientSubnet(Bytes &bytes, const Cidr &subnet)
{
    const auto size = static_cast<std::size_t>((subnet.length() + 7) / 8);
    append(bytes, optionClientSubnet, 2);
    append(bytes, static_cast<std::uint32_t>(4 + size), 2);
    append(bytes, subnet.family() == Family::IPv4 ? 1 : 2, 2);
    append(bytes, static_cast<std::uint32_t>(subnet.length()), 1);
    append(bytes, 0, 1);
    for (std::size_t i = 0; i < size; ++i)
        append(bytes, subnet.address().bytes()[i], 1);
}

/// Reads a message from front to end. After a read beyond the end everything is zero and `hasFailed()` says so.
class Reader
{
public:
    explicit Reader(std::span<const std::byte> message)
        : m_message(message)
    {
    }

    [[nodiscard]] bool hasFailed() const { return m_failed; }
    [[nodiscard]] std::size_t position() const { return m_at; }

    std::uint32_t number(std::size_t size)
    {
        std::uint32_t value = 0;
        for (const std::byte byte : take(size))
            value = value << 8 | std::to_integer<std::uint32_t>(byte);
        return value;
    }
    std::uint16_t number16() { return static_cast<std::uint16_t>(number(2)); }

    std::span<const std::byte> take(std::size_t size)
    {
        if (m_failed || size > m_message.size() - m_at) {
            m_failed = true;
            return {};
        }
        m_at += size;
        return m_message.subspan(m_at - size, size);
    }

    /// A name as lower-case text without final dot. A pointer may only point before the name that it stands in, and so
    /// on, so that every chain of pointers ends.
    std::string name()
    {
        std::string text;
        std::size_t at = m_at;
        std::size_t limit = m_at; // where a pointer must point before
        bool hasJumped = false;
        while (!m_failed) {
            const std::size_t length = byteAt(at++);
            if (length >= 0xc0) {
                const std::size_t target = (length & 0x3f) << 8 | byteAt(at++);
                if (!hasJumped)
                    m_at = at;
                hasJumped = true;
                m_failed |= target >= limit;
                limit = at = target;
                continue;
            }
            if (length > maxLabelSize) // 0x40 and 0x80 were never assigned for good
                m_failed = true;
            if (length == 0 || m_failed)
                break;
            if (!text.empty())
                text += '.';
            const std::size_t labelStart = text.size();
            for (std::size_t i = 0; i < length; ++i)
                text += lowerCase(byteAt(at++));
            // A dot inside a label would read like two labels.
            m_failed |= text.size() > maxNameSize || text.find('.', labelStart) != std::string::npos;
        }
        if (!hasJumped)
            m_at = std::min(at, m_message.size());
        return m_failed ? std::string() : text;
    }

private:
    std::uint8_t byteAt(std::size_t at)
    {
        if (at < m_message.size())
            return std::to_integer<std::uint8_t>(m_message[at]);
        m_failed = true;
        return 0;
    }

    static char lowerCase(std::uint8_t byte)
    {
        return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    }

    std::span<const std::byte> m_message;
    std::size_t m_at = 0;
    bool m_failed = false;
};

/// A record of the answer section that may matter: an alias or an address.
struct Record
{
    std::string owner;
    std::optional<IpAddress> address;
    std::string alias;
    std::chrono::seconds ttl{0};
};

std::optional<IpAddress> addressFrom(std::span<const std::byte> data, RecordType type)
{
    std::uint8_t bytes[16] = {};
    std::transform(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(std::min(data.size(), sizeof bytes)), bytes,
                   [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    if (type == RecordType::A && data.size() == 4)
        return IpAddress::fromBytes4({bytes[0], bytes[1], bytes[2], bytes[3]});
    if (type == RecordType::Aaaa && data.size() == 16)
        return IpAddress::fromBytes16(bytes);
    return std::nullopt;
}

/// False when the message breaks its format.
bool readRecords(Reader &reader, std::size_t count, RecordType wanted, std::vector<Record> &records)
{
    for (; count > 0; --count) {
        Record record;
        record.owner = reader.name();
        const std::uint16_t type = reader.number16();
        const std::uint16_t recordClass = reader.number16();
        const std::uint32_t ttl = reader.number(4);
        const std::uint16_t size = reader.number16();
        Reader aliasReader = reader; // stands at the data, but sees the whole message for pointers
        const auto data = reader.take(size);
        if (reader.hasFailed())
            return false;
        record.ttl = std::chrono::seconds(ttl > 0x7fffffffU ? 0 : ttl); // RFC 2181 8
        if (recordClass != classInternet)
            continue;
        if (type == static_cast<std::uint16_t>(wanted)) {
            record.address = addressFrom(data, wanted);
            if (!record.address)
                return false;
        } else if (type == typeCname) {
            record.alias = aliasReader.name();
            if (aliasReader.hasFailed() || aliasReader.position() != reader.position())
                return false;
        } else {
            continue;
        }
        records.push_back(std::move(record));
    }
    return true;
}

/// Walks from `name` over aliases to addresses; a circle or an endless chain has none.
void followAliases(const std::vector<Record> &records, std::string name, Response &response)
{
    auto ttl = std::chrono::seconds::max();
    for (int aliases = 0; aliases <= maxAliases; ++aliases) {
        const Record *next = nullptr;
        for (const Record &record : records) {
            if (record.owner != name)
                continue;
            if (record.address) {
                response.addresses.push_back(*record.address);
                response.ttl = std::min(response.addresses.size() == 1 ? ttl : response.ttl, record.ttl);
            } else if (next == nullptr) {
                next = &record;
            }
        }
        if (!response.addresses.empty() || next == nullptr)
            return;
        ttl = std::min(ttl, next->ttl);
        name = next->alias;
    }
}

} // namespace

std::optional<std::vector<std::byte>> encodeQuery(const Query &query)
{
    Bytes bytes;
    bytes.reserve(headerSize + query.name.size() + 64);
    append(bytes, query.id, 2);
    append(bytes, flagRecursionDesired, 2);
    append(bytes, 1, 2); // questions
    append(bytes, 0, 2);
    append(bytes, 0, 2);
    append(bytes, 1, 2); // additional: OPT
    if (!appendName(bytes, query.name))
        return std::nullopt;
    append(bytes, static_cast<std::uint32_t>(query.type), 2);
    append(bytes, classInternet, 2);

    append(bytes, 0, 1); // OPT stands at the root (RFC 6891 6.1.2)
    append(bytes, typeOpt, 2);
    append(bytes, maxUdpSize, 2);
    append(bytes, 0, 4);
    Bytes options;
    if (query.clientSubnet)
        appendClientSubnet(options, *query.clientSubnet);
    append(bytes, static_cast<std::uint32_t>(options.size()), 2);
    bytes.insert(bytes.end(), options.begin(), options.end());
    return bytes;
}

std::optional<Response> decodeResponse(std::span<const std::byte> message, const Query &query)
{
    Reader reader(message);
    const std::uint16_t id = reader.number16();
    const std::uint16_t flags = reader.number16();
    const std::uint16_t questions = reader.number16();
    const std::uint16_t answers = reader.number16();
    reader.take(4); // authority and additional records do not matter
    if (reader.hasFailed() || id != query.id || (flags & flagResponse) == 0 || (flags & maskOpcode) != 0 ||
        questions != 1)
        return std::nullopt;
    const std::string name = reader.name();
    const std::uint16_t type = reader.number16();
    const std::uint16_t questionClass = reader.number16();
    if (reader.hasFailed() || name != query.name || type != static_cast<std::uint16_t>(query.type) ||
        questionClass != classInternet)
        return std::nullopt;

    Response response;
    response.code = static_cast<ResponseCode>(flags & maskCode);
    response.isTruncated = (flags & flagTruncated) != 0;
    if (response.isTruncated || response.code != ResponseCode::NoError)
        return response;
    std::vector<Record> records;
    if (answers > maxRecords || !readRecords(reader, answers, query.type, records))
        return std::nullopt;
    followAliases(records, name, response);
    return response;
}

} // namespace sluice::dns
