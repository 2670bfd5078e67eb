// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/lab/probes.h"

#include "app/lab/connection.h"
#include "app/lab/target_servers.h"

#include <QByteArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <chrono>
#include <csignal>
#include <thread>

namespace sluice::lab {

namespace {

using namespace Qt::StringLiterals;
using Clock = std::chrono::steady_clock;

// A hello of this size does not fit one segment of a 1500-byte link, nor the first read of a careless sniffer.
constexpr std::size_t LargeHello = 3000;
constexpr auto IperfAmount = "200M";

Error failed(std::string text)
{
    return Error{ErrorCode::Failed, std::move(text)};
}

// The same source address and port at the target as here means that nobody was in between: a proxy cannot use them,
// for this connection has them.
Result<std::string> judge(const Connection &connection, std::string_view line)
{
    const auto sighting = Sighting::fromLine(line);
    if (!sighting)
        return failed("the target's last line is damaged");
    if (sighting->source == connection.local())
        return Error{ErrorCode::Refused, "DIRECT: the target saw the client itself, " + sighting->source.toString()};
    return "PROXIED, the target saw " + sighting->source.toString();
}

// `judge`, and whether the proxy dialled the sniffed name: only the name leads to the named address.
Result<std::string> judgeNamed(const Connection &connection, std::string_view line, const ProbeContext &context)
{
    auto verdict = judge(connection, line);
    if (!verdict)
        return verdict;
    const bool isByName = Sighting::fromLine(line)->reached == addressesOf(context.family).named;
    if (context.mustSniff && !isByName)
        return failed("the name was not sniffed: the target was dialled by its address");
    return *verdict + (isByName ? ", dialled by name" : ", dialled by address");
}

Result<Connection> connectTo(const ProbeContext &context, TargetPort port)
{
    return Connection::open({addressesOf(context.family).target, port});
}

Result<std::string> probeEcho(const ProbeContext &context)
{
    auto connection = connectTo(context, EchoPort);
    if (!connection)
        return connection.error();
    const std::string pattern = testPattern();
    Result<void> sent;
    std::thread sender([&] { sent = connection->send(pattern); });
    const auto echoed = connection->receive(EchoBytes);
    sender.join();
    if (!sent)
        return sent.error();
    if (!echoed)
        return echoed;
    if (*echoed != pattern)
        return failed("the echoed bytes differ");
    const auto line = connection->receiveAll();
    return line ? judge(*connection, *line) : line;
}

Result<std::string> probeUpload(const ProbeContext &context)
{
    auto connection = connectTo(context, UploadPort);
    if (!connection)
        return connection.error();
    if (auto sent = connection->send("that was all\n"); !sent)
        return sent.error();
    if (auto finished = connection->finish(); !finished)
        return finished.error();
    const auto answer = connection->receiveAll();
    if (!answer)
        return answer.error().in("after the client's FIN");
    if (answer->substr(0, EchoBytes) != testPattern())
        return failed("after the client's FIN " + std::to_string(answer->size()) + " bytes came, not the right MiB");
    return judge(*connection, std::string_view(*answer).substr(EchoBytes));
}

Result<std::string> probeBanner(const ProbeContext &context)
{
    auto connection = connectTo(context, MailPort);
    if (!connection)
        return connection.error();
    const auto start = Clock::now();
    const auto banner = connection->receiveUntil("\n");
    if (!banner)
        return banner.error().in("the server's banner");
    const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    auto verdict = judge(*connection, std::string_view(*banner).substr(4));
    return verdict ? *verdict + ", banner after " + std::to_string(delay.count()) + " ms" : verdict;
}

Result<std::string> probeWeb(const ProbeContext &context)
{
    auto connection = connectTo(context, WebPort);
    if (!connection)
        return connection.error();
    // Odd spelling on purpose: whoever parses and writes it anew would tidy it up.
    const std::string request = "GET /a?b=c HTTP/1.1\r\nhost: " + addressesOf(context.family).webName +
                                "\r\nX-ODD:   spaced  \r\nx-odd:twice\r\nAccept: */*\r\n\r\n";
    if (auto sent = connection->send(request); !sent)
        return sent.error();
    const auto answer = connection->receiveAll();
    if (!answer)
        return answer;
    const std::size_t body = answer->find("\r\n\r\n");
    if (body == std::string::npos)
        return failed("no HTTP answer but " + std::to_string(answer->size()) + " bytes");
    const std::string_view seen = std::string_view(*answer).substr(body + 4);
    if (!seen.starts_with(request))
        return failed("the request was changed on its way");
    return judgeNamed(*connection, seen.substr(request.size()), context);
}

Result<std::string> probeTls(const ProbeContext &context, std::size_t extraHelloBytes)
{
    auto connection = connectTo(context, TlsPort);
    if (!connection)
        return connection.error();
    ::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    const std::string name = addressesOf(context.family).tlsName;
    auto session = TlsSession::connect(*connection, context.identity, name, extraHelloBytes);
    if (!session)
        return session.error();
    const auto line = session->receiveLine();
    if (!line)
        return line;
    if (const auto sighting = Sighting::fromLine(*line); sighting && sighting->tlsName != name)
        return failed("the target saw the TLS server name '" + sighting->tlsName + "'");
    return judgeNamed(*connection, *line, context);
}

Result<std::string> probeIperf(const ProbeContext &context)
{
    const auto output = run({"iperf3", "--client", addressesOf(context.family).target.toString(), "--bytes",
                             IperfAmount, "--connect-timeout", "5000", "--json"});
    if (!output)
        return output;
    const QJsonDocument report = QJsonDocument::fromJson(QByteArray::fromStdString(*output));
    const double bits = report[u"end"][u"sum_received"][u"bits_per_second"].toDouble();
    if (bits <= 0) // with --json iperf3 exits 0 on failure, too
        return failed("iperf3: " + report[u"error"].toString(u"no throughput reported"_s).toStdString());
    return QString::asprintf("%.2f Gbit/s", bits / 1e9).toStdString();
}

} // namespace

const std::vector<Probe> &builtinProbes()
{
    static const std::vector<Probe> probes = [] {
        std::vector<Probe> list{
            {"echo", probeEcho},
            {"half-close", probeUpload},
            {"banner", probeBanner},
            {"web", probeWeb},
            {"tls", [](const ProbeContext &context) { return probeTls(context, 0); }},
            {"tls-large", [](const ProbeContext &context) { return probeTls(context, LargeHello); }},
        };
        if (isInstalled("iperf3"))
            list.push_back({"iperf3", probeIperf});
        return list;
    }();
    return probes;
}

Result<std::string> probeInterception(const ProbeContext &context)
{
    auto connection = connectTo(context, WebPort);
    if (!connection)
        return connection.error();
    const std::string host = joinHostPort(addressesOf(context.family).target.toString(), WebPort);
    if (auto sent = connection->send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"); !sent)
        return sent.error();
    const auto answer = connection->receiveAll();
    if (!answer)
        return answer;
    const std::size_t line = answer->find("source=");
    return line != std::string::npos ? judge(*connection, std::string_view(*answer).substr(line))
                                     : failed("the connection was closed without an answer");
}

} // namespace sluice::lab
