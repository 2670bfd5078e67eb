// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/sniff/http_host_sniffer.h"

#include "daemon/sniff/host_name.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sluice::sniff {

namespace {

constexpr std::size_t maxMethodLength = 32;
constexpr std::string_view http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; // RFC 9113 3.4

/// tchar of RFC 9110 5.6.2.
constexpr std::array<bool, 256> tokenCharacters = [] {
    std::array<bool, 256> table{};
    for (char c = 'a'; c <= 'z'; ++c)
        table[static_cast<unsigned char>(c)] = table[static_cast<unsigned char>(c - 'a' + 'A')] = true;
    for (char c = '0'; c <= '9'; ++c)
        table[static_cast<unsigned char>(c)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool isTokenCharacter(char c)
{
    return tokenCharacters[static_cast<unsigned char>(c)];
}

bool isBlank(char c)
{
    return c == ' ' || c == '\t';
}

std::string_view trimBlanks(std::string_view text)
{
    while (!text.empty() && isBlank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back()))
        text.remove_suffix(1);
    return text;
}

bool equalsIgnoringCase(std::string_view text, std::string_view lowerCase)
{
    return text.size() == lowerCase.size() &&
           std::equal(text.begin(), text.end(), lowerCase.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
           });
}

SniffResult answer(Verdict verdict, Protocol protocol = Protocol::Unknown)
{
    SniffResult result;
    result.verdict = verdict;
    result.protocol = protocol;
    return result;
}

SniffResult malformed()
{
    return answer(Verdict::Malformed, Protocol::Http);
}

struct RequestLine
{
    Verdict verdict = Verdict::NeedMore; ///< Found: the parts below are set
    std::string_view method, target;
    std::size_t length = 0; ///< with its LF
};

/// Reads "METHOD target HTTP/1.x" and says NotMine at the first byte that cannot belong to one: a text protocol whose
/// lines look alike at first (IRC, SIP, RTSP) is known at its first line end at the latest.
RequestLine readRequestLine(std::string_view text)
{
    const auto no = [] { return RequestLine{Verdict::NotMine, {}, {}, 0}; };
    const std::size_t methodLimit = std::min(text.size(), maxMethodLength + 1);
    std::size_t methodLength = 0;
    while (methodLength < methodLimit && isTokenCharacter(text[methodLength]))
        ++methodLength;
    if (methodLength > maxMethodLength)
        return no();
    if (methodLength == text.size())
        return {};
    if (methodLength == 0 || text[methodLength] != ' ')
        return no();

    std::string_view rest = text.substr(methodLength + 1);
    const auto lineEnd = rest.find('\n');
    const std::string_view line = rest.substr(0, lineEnd);
    const auto space = line.find(' ');
    if (space == std::string_view::npos)
        return lineEnd == std::string_view::npos ? RequestLine{} : no();
    std::string_view version = line.substr(space + 1);
    if (lineEnd != std::string_view::npos && version.ends_with('\r'))
        version.remove_suffix(1);

    constexpr std::string_view wanted = "HTTP/1.";
    const std::string_view known = version.substr(0, wanted.size());
    if (space == 0 || known != wanted.substr(0, known.size()))
        return no();
    if (lineEnd == std::string_view::npos)
        return {};
    if (version.size() != wanted.size() + 1 || version.back() < '0' || version.back() > '9')
        return no();
    return {Verdict::Found, text.substr(0, methodLength), line.substr(0, space), methodLength + 1 + lineEnd + 1};
}

/// Where the head ends (behind its empty line), or npos. `text` begins behind the request line.
std::size_t findHeadEnd(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\n')
            return at + 1;
        if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n')
            return at + 2;
        const auto lineEnd = text.find('\n', at);
        if (lineEnd == std::string_view::npos)
            return std::string_view::npos;
        at = lineEnd + 1;
    }
    return std::string_view::npos;
}

/// The value of the only Host field; `present` false if there is none. False when the head cannot be trusted.
bool findHostField(std::string_view fields, bool &isPresent, std::string_view &value)
{
    bool mayFold = false; // a fold needs a line before it, and that line must not be Host
    while (true) {
        const auto lineEnd = fields.find('\n');
        std::string_view line = fields.substr(0, lineEnd);
        fields.remove_prefix(lineEnd + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty())
            return true;
        if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos)
            return false;
        if (isBlank(line.front())) {
            if (!mayFold)
                return false;
            continue;
        }
        const auto nameEnd = std::find_if_not(line.begin(), line.end(), isTokenCharacter);
        if (nameEnd == line.begin() || nameEnd == line.end() || *nameEnd != ':')
            return false;
        const auto nameLength = static_cast<std::size_t>(nameEnd - line.begin());
        const bool isHost = equalsIgnoringCase(line.substr(0, nameLength), "host");
        mayFold = !isHost;
        if (isHost) {
            if (std::exchange(isPresent, true))
                return false;
            value = trimBlanks(line.substr(nameLength + 1));
        }
    }
}

/// The authority of an absolute URI such as "http://name:80/path"; nothing if it is none.
std::optional<std::string_view> authorityOf(std::string_view target)
{
    const auto separator = target.find("://");
    if (separator == std::string_view::npos || separator == 0)
        return std::nullopt;
    const std::string_view rest = target.substr(separator + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

} // namespace

SniffResult sniffHttpHost(std::span<const std::byte> soFar)
{
    std::string_view text(reinterpret_cast<const char *>(soFar.data()), soFar.size());
    if (text.starts_with("SSH-"))
        return answer(Verdict::NotMine, Protocol::Ssh);
    if (text.starts_with("PRI")) {
        const std::string_view known = text.substr(0, http2Preface.size());
        if (known == http2Preface)
            return answer(Verdict::Found, Protocol::Http);
        if (known == http2Preface.substr(0, known.size()))
            return answer(Verdict::NeedMore);
    }
    // One empty line before the request is to be ignored (RFC 9112 2.2).
    if (text == "\r")
        return answer(Verdict::NeedMore);
    if (text.starts_with("\r\n"))
        text.remove_prefix(2);
    else if (text.starts_with('\n'))
        text.remove_prefix(1);

    const RequestLine request = readRequestLine(text);
    if (request.verdict != Verdict::Found)
        return answer(request.verdict);
    text.remove_prefix(request.length);
    const std::size_t headEnd = findHeadEnd(text);
    if (headEnd == std::string_view::npos)
        return answer(Verdict::NeedMore, Protocol::Http);

    bool hasHost = false;
    std::string_view hostField;
    if (!findHostField(text.substr(0, headEnd), hasHost, hostField))
        return malformed();

    SniffResult result = answer(Verdict::Found, Protocol::Http);
    std::optional<std::string_view> authority;
    if (request.method == "CONNECT")
        authority = request.target;
    else if (request.target.front() != '/' && request.target != "*") {
        authority = authorityOf(request.target);
        if (!authority)
            return malformed();
    }
    result.isProxyRequest = authority.has_value();
    if (hostField.empty() && !authority) // HTTP/1.0, or "Host:" of a client that has no name to tell
        return result;

    auto host = normaliseHost(authority ? *authority : hostField);
    if (!host)
        return malformed();
    if (authority && !hostField.empty()) {
        const auto other = normaliseHost(hostField);
        if (!other || other->name != host->name || other->literal != host->literal)
            return malformed();
    }
    result.host = std::move(host->name);
    result.literal = host->literal;
    result.port = host->port;
    return result;
}

} // namespace sluice::sniff
