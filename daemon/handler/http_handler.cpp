// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// An HTTP proxy server.
#include "daemon/connector/base64.h"
#include "daemon/connector/http_head.h"
#include "daemon/handler/dialogue_server.h"
#include "daemon/handler/handlers.h"

#include <charconv>
#include <limits>

namespace sluice::handler {

namespace {

using namespace connector;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

struct HttpSettings
{
    Credentials credentials;
    std::string agent;
    std::string realm;
};

/// Passes the first `limit` bytes of what is read and swallows the rest: the one request that this connection is for.
/// Thread: io.  Owner: as Stream.
class OneRequestStream final : public stream::StreamDecorator
{
public:
    OneRequestStream(stream::StreamPtr below, std::uint64_t limit)
        : StreamDecorator(std::move(below))
        , m_left(limit)
    {
    }
    stream::FdStream *plainSocket() override { return nullptr; }

protected:
    stream::IoResult readBelow(std::span<std::byte> buffer) override
    {
        for (int i = 0; i < maxSurplusReads; ++i) {
            stream::IoResult got = below().read(buffer);
            if (got.kind != stream::IoResult::Data)
                return got;
            got.bytes = static_cast<std::size_t>(std::min<std::uint64_t>(got.bytes, m_left));
            m_left -= got.bytes;
            if (got.bytes > 0)
                return got;
        }
        return {stream::IoResult::End, 0};
    }

private:
    static constexpr int maxSurplusReads = 16; ///< a client that floods is one that has ended

    std::uint64_t m_left;
};

/// A request line in its three parts. Views into the head.
struct RequestLine
{
    std::string_view method, target, version;
};

std::optional<RequestLine> parseRequestLine(std::string_view line)
{
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || last == first)
        return std::nullopt;
    const RequestLine parts{line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
    const bool isHttp1 = parts.version == "HTTP/1.1" || parts.version == "HTTP/1.0";
    const bool isClean = parts.target.find_first_of(std::string_view(" \t\0", 3)) == std::string_view::npos;
    if (!isFieldName(parts.method) || parts.target.empty() || !isHttp1 || !isClean)
        return std::nullopt;
    return parts;
}

std::optional<Target> parseAuthority(std::string_view authority, std::optional<std::uint16_t> defaultPort)
{
    const HostPort parts = HostPort::split(authority);
    const auto port = parts.port.empty() ? defaultPort : parts.portNumber();
    Target target{parts.host, port.value_or(0)};
    if (target.port == 0 || addressTrouble(target))
        return std::nullopt;
    return target;
}

/// Is `name` in a list such as "close, te"?
bool isListed(std::string_view list, std::string_view name)
{
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        std::string_view item = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
        item = item.substr(0, item.find_last_not_of(" \t") + 1);
        if (equalsIgnoringCase(item, name))
            return true;
    }
    return false;
}

/// How many bytes of body follow the head; nothing when its fields contradict each other (RFC 9112 6.3). The end of a
/// chunked body is not looked for.
std::optional<std::uint64_t> bodyLength(const HttpHead &head)
{
    std::optional<std::uint64_t> length;
    for (const auto &[name, value] : head.fields) {
        if (!equalsIgnoringCase(name, "content-length"))
            continue;
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{} || end != value.data() + value.size() || (length && *length != number))
            return std::nullopt;
        length = number;
    }
    if (!head.field("transfer-encoding"))
        return length.value_or(0);
    if (length)
        return std::nullopt;
    return unlimited;
}

/// CONNECT is tunnelled. A request in absolute form goes to its host in origin form, alone: the next request of this
/// client may be for another host, so both sides are told that the connection ends with the answer, and nothing behind
/// the request is passed on.
class HttpServer final : public DialogueServer
{
public:
    explicit HttpServer(const HttpSettings &settings)
        : m_settings(settings)
    {
    }

    void start(stream::Stream &client, Done done) override
    {
        m_client = &client;
        DialogueServer::start(client, std::move(done));
    }

    [[nodiscard]] stream::StreamPtr granted(stream::StreamPtr client, const Endpoint &) override
    {
        if (!m_forwarded.empty())
            return std::make_unique<OneRequestStream>(std::move(client), m_limit);
        const std::string answer =
            "HTTP/1.1 200 Connection established\r\nProxy-Agent: " + m_settings.agent + "\r\n\r\n";
        return std::make_unique<stream::HeadedStream>(std::move(client), stream::bytesOf(answer),
                                                      stream::HeadedStream::When::AtOnce);
    }

    void refused(stream::Stream &client, const Error &error) override
    {
        client.write(stream::bytesOf(refusal(isForbidden(error) ? "403 Forbidden" : "503 Service Unavailable")));
    }

private:
    [[nodiscard]] std::string refusal(std::string_view status, const std::string &field = {}) const
    {
        return "HTTP/1.1 " + std::string(status) + "\r\nProxy-Agent: " + m_settings.agent + "\r\n" + field +
               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    }

    void refuse(std::string_view status, Error error, const std::string &field = {})
    {
        say(refusal(status, field));
        fail(std::move(error));
    }

    void refuseRequest(std::string_view why)
    {
        refuse("400 Bad Request", {ErrorCode::ProtocolError, "the client's HTTP request " + std::string(why), 0});
    }

    std::size_t hear(std::span<const std::byte> heard) override
    {
        const std::string_view text = stream::textOf(heard);
        if (!isFieldName(text.substr(0, 1))) {
            refuseRequest("is none");
            return 0;
        }
        const std::size_t from = m_searched > 3 ? m_searched - 3 : 0; // the end may lie across what is new
        const auto end = endOfHttpHead(text.substr(from));
        if (!end) {
            m_searched = text.size();
            if (text.size() >= maxHeard)
                refuse("431 Request Header Fields Too Large",
                       {ErrorCode::ProtocolError, "the client sent an HTTP head of more than 64 KiB", 0});
            return 0;
        }
        const std::size_t length = from + *end;
        const auto head = parseHttpHead(text.substr(0, length));
        const auto line = head ? parseRequestLine(head->firstLine) : std::nullopt;
        if (!line)
            refuseRequest("is malformed");
        else if (!mayPass(*head))
            refuse("407 Proxy Authentication Required",
                   {ErrorCode::AuthFailed, "the client's user name or password is missing or wrong", 0},
                   "Proxy-Authenticate: Basic realm=\"" + m_settings.realm + "\"\r\n");
        else if (line->method == "CONNECT")
            connect(*line);
        else
            forward(*line, *head);
        return length;
    }

    bool mayPass(const HttpHead &head)
    {
        const auto field = head.field("proxy-authorization");
        std::optional<std::string> login;
        if (field && equalsIgnoringCase(field->substr(0, 6), "basic "))
            login = decodeBase64(field->substr(std::min(field->find_first_not_of(' ', 6), field->size())));
        const auto colon = login ? login->find(':') : std::string::npos;
        const bool isLogin = colon != std::string::npos;
        if (m_settings.credentials.empty())
            return true;
        if (!isLogin || !areAccepted(m_settings.credentials, login->substr(0, colon), login->substr(colon + 1)))
            return false;
        m_request.user = login->substr(0, colon);
        return true;
    }

    void connect(const RequestLine &line)
    {
        auto target = parseAuthority(line.target, std::nullopt);
        if (!target) {
            refuseRequest("names no host and port");
            return;
        }
        m_request.target = *std::move(target);
        finish();
    }

    void forward(const RequestLine &line, const HttpHead &head)
    {
        constexpr std::string_view scheme = "http://";
        if (!equalsIgnoringCase(line.target.substr(0, scheme.size()), scheme)) {
            refuseRequest("is not one for a proxy");
            return;
        }
        const std::string_view rest = line.target.substr(scheme.size());
        const auto authorityEnd = std::min(rest.find_first_of("/?#"), rest.size());
        const std::string_view userAndHost = rest.substr(0, authorityEnd);
        const std::string_view authority = userAndHost.substr(userAndHost.rfind('@') + 1); // npos + 1 is 0
        std::string path(rest.substr(authorityEnd));
        auto target = parseAuthority(authority, 80);
        const auto body = bodyLength(head);
        if (!target || !body) {
            refuseRequest(target ? "has a body of contradictory length" : "names no host");
            return;
        }
        if (path.empty() && line.method == "OPTIONS")
            path = "*";
        else if (!path.starts_with('/'))
            path.insert(0, "/");
        const std::string_view hopByHop = head.field("connection").value_or("");
        m_forwarded = std::string(line.method) + " " + path + " " + std::string(line.version) +
                      "\r\nHost: " + std::string(authority) + "\r\n";
        for (const auto &[name, value] : head.fields) {
            const bool isOurs = isListed("host, connection, proxy-connection, keep-alive, proxy-authorization", name);
            if (!isOurs && !isListed(hopByHop, name))
                m_forwarded += std::string(name) + ": " + std::string(value) + "\r\n";
        }
        m_forwarded += "Connection: close\r\n\r\n";
        m_limit = *body == unlimited ? unlimited : m_forwarded.size() + std::min(*body, unlimited - m_forwarded.size());
        m_request.target = *std::move(target);
        finish();
    }

    void ended(Error *error) override
    {
        if (error == nullptr)
            m_client->unread(stream::bytesOf(m_forwarded));
        DialogueServer::ended(error);
    }

    const HttpSettings &m_settings;
    stream::Stream *m_client = nullptr;
    std::string m_forwarded;    ///< the rewritten head; empty after CONNECT
    std::uint64_t m_limit = 0;  ///< bytes of the rewritten head and its body
    std::size_t m_searched = 0; ///< bytes of the head so far without an end
};

class HttpHandler final : public Handler
{
public:
    explicit HttpHandler(HttpSettings settings)
        : m_settings(std::move(settings))
    {
    }
    [[nodiscard]] std::unique_ptr<ServerDialogue> serve() const override
    {
        return std::make_unique<HttpServer>(m_settings);
    }

private:
    HttpSettings m_settings;
};

} // namespace

Result<HandlerPtr> makeHttpHandler(const config::HandlerConfig &config, Credentials credentials)
{
    HttpSettings settings{std::move(credentials), "sluice/" SLUICE_VERSION, "sluice"};
    settings.agent = config.metadata.string({"http.proxyAgent", "proxyAgent"}).value_or(settings.agent);
    settings.realm = config.metadata.string({"authBasicRealm"}).value_or(settings.realm);
    if (!isFieldValue(settings.agent))
        return Error{ErrorCode::InvalidConfig, "proxyAgent cannot be sent", 0};
    if (!isFieldValue(settings.realm) || settings.realm.find_first_of("\"\\") != std::string::npos)
        return Error{ErrorCode::InvalidConfig, "authBasicRealm cannot be sent", 0};
    return HandlerPtr(std::make_unique<HttpHandler>(std::move(settings)));
}

} // namespace sluice::handler
