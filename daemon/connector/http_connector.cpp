// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Asking an HTTP proxy for a tunnel: CONNECT.
#include "daemon/connector/base64.h"
#include "daemon/connector/connectors.h"
#include "daemon/connector/http_head.h"
#include "daemon/connector/wire.h"

#include <map>

namespace sluice::connector {

namespace {

constexpr std::string_view defaultUserAgent = "Go-http-client/1.1"; // GOST's, which proxies let pass

/// What a proxy's refusal comes to.
Error refusal(int status, std::string_view statusText, const std::string &target, bool hasCredentials)
{
    const std::string said = "the http proxy answered '" + printable(statusText) + "'";
    if (status == 407 || status == 401) { // tinyproxy says 401 to a wrong password
        return {ErrorCode::AuthFailed,
                said + (hasCredentials ? ": it does not accept the user name or password"
                                       : ": it wants a user name and password"),
                0};
    }
    if (status == 504)
        return {ErrorCode::Timeout, said + ": it got no answer from " + target, 0};
    if (status >= 500)
        return {ErrorCode::Unreachable, said + ": it cannot reach " + target, 0};
    return {ErrorCode::Refused, said + " when asked for " + target, 0};
}

/// Limits: the answer's head is at most maxHeard bytes, and so are all interim answers together.
class HttpHandshake final : public stream::DialogueHandshake
{
public:
    HttpHandshake(stream::StreamPtr toNode, std::string request, std::string target, bool hasCredentials)
        : DialogueHandshake(std::move(toNode))
        , m_request(std::move(request))
        , m_target(std::move(target))
        , m_hasCredentials(hasCredentials)
    {
    }

private:
    void begin() override { say(m_request); }
    [[nodiscard]] std::string nameOfPeer() const override { return "http proxy"; }

    std::size_t hear(std::span<const std::byte> heard) override
    {
        constexpr std::string_view magic = "HTTP/1.";
        const std::string_view text = stream::textOf(heard);
        if (!text.starts_with(magic.substr(0, text.size()))) {
            fail({ErrorCode::ProtocolError, "the http proxy does not speak HTTP/1", 0});
            return 0;
        }
        // The end may lie across what is new, so look a little back.
        const std::size_t from = m_searched > 3 ? m_searched - 3 : 0;
        const auto end = endOfHttpHead(text.substr(from));
        if (!end) {
            m_searched = text.size();
            return 0;
        }
        m_searched = 0;
        const std::size_t length = from + *end;
        judge(text.substr(0, text.find_first_of("\r\n")));
        m_interim += length;
        if (m_interim > maxHeard)
            fail({ErrorCode::ProtocolError, "the http proxy sent more than 64 KiB of interim answers", 0});
        return length;
    }

    /// `line` is "HTTP/1.1 200 Connection established". Nothing is decided by an interim answer (1xx).
    void judge(std::string_view line)
    {
        const std::string_view statusText = line.substr(std::min(line.size(), line.find(' ') + 1));
        const bool hasStatus = line.size() >= 12 && line[8] == ' ' && statusText.size() >= 3 &&
                               statusText.substr(0, 3).find_first_not_of("0123456789") == std::string_view::npos &&
                               (statusText.size() == 3 || statusText[3] == ' ');
        const int status =
            hasStatus ? (statusText[0] - '0') * 100 + (statusText[1] - '0') * 10 + (statusText[2] - '0') : 0;
        if (status < 100 || status == 101)
            fail({ErrorCode::ProtocolError, "the http proxy answered '" + printable(line) + "'", 0});
        else if (status >= 200 && status < 300)
            finish(); // RFC 9110 9.3.6: any 2xx; what follows the head is the tunnel's
        else if (status >= 300)
            fail(refusal(status, statusText, m_target, m_hasCredentials));
    }

    std::string m_request;
    std::string m_target;
    bool m_hasCredentials;
    std::size_t m_searched = 0; ///< bytes of the head so far without an end
    std::size_t m_interim = 0;
};

class HttpConnector final : public Connector
{
public:
    /// `fields` are the lines behind "Host:".
    HttpConnector(std::string fields, bool hasCredentials)
        : m_fields(std::move(fields))
        , m_hasCredentials(hasCredentials)
    {
    }

    [[nodiscard]] stream::HandshakePtr connect(stream::StreamPtr toNode, const ConnectRequest &request) const override
    {
        const std::string target = request.target.toString();
        if (target.find_first_of(std::string_view(" \r\n\t\0", 5)) != std::string::npos)
            return std::make_unique<stream::FailedHandshake>(*addressTrouble({"", 0}));
        return std::make_unique<HttpHandshake>(
            std::move(toNode), "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + m_fields + "\r\n",
            target, m_hasCredentials);
    }

private:
    std::string m_fields;
    bool m_hasCredentials;
};

/// "x-forwarded-for" -> "X-Forwarded-For", as Go writes it.
std::string canonicalName(std::string name)
{
    bool isFirst = true;
    for (char &c : name) {
        if (isFirst && c >= 'a' && c <= 'z')
            c = static_cast<char>(c - ('a' - 'A'));
        isFirst = c == '-';
    }
    return name;
}

} // namespace

Result<ConnectorPtr> makeHttpConnector(const config::LayerConfig &layer)
{
    std::string userAgent(defaultUserAgent);
    std::map<std::string, std::string> fields; // sorted, as Go writes them
    if (layer.metadata.contains("header")) {
        const auto header = layer.metadata.map({"header"});
        if (!header)
            return Error{ErrorCode::InvalidConfig, "header is no map of names and values", 0};
        for (const auto &[name, value] : *header) {
            if (!isFieldName(name) || !isFieldValue(value))
                return Error{ErrorCode::InvalidConfig, "header '" + printable(name) + "' cannot be sent", 0};
            if (equalsIgnoringCase(name, "user-agent"))
                userAgent = value;
            else if (!equalsIgnoringCase(name, "host") && !equalsIgnoringCase(name, "content-length") &&
                     !equalsIgnoringCase(name, "transfer-encoding")) // GOST does not send these either
                fields[canonicalName(name)] = value;
        }
    }
    fields["Proxy-Connection"] = "keep-alive";
    const bool hasCredentials = layer.auth && !layer.auth->isEmpty();
    if (hasCredentials)
        fields["Proxy-Authorization"] = "Basic " + encodeBase64(layer.auth->username + ":" + layer.auth->password);

    std::string lines = userAgent.empty() ? "" : "User-Agent: " + userAgent + "\r\n";
    for (const auto &[name, value] : fields)
        lines += name + ": " + value + "\r\n";
    return ConnectorPtr(std::make_unique<HttpConnector>(std::move(lines), hasCredentials));
}

} // namespace sluice::connector
