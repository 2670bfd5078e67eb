// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/chain/matcher.h"

#include <QRegularExpression>
#include <QString>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::chain {

namespace {

constexpr std::size_t maxRuleLength = 4096;
constexpr int maxDepth = 64;

char lowerCase(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    for (char &c : lower)
        c = lowerCase(c);
    return lower;
}

bool isAscii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What a leaf of a rule asks.
struct NetworkTest
{
    std::string prefix; // "tcp" also stands in rules written for "tcp4"; the empty word is refused by the parser
};
struct ProtocolTest
{
    std::string protocol;
};
struct ClientTest
{
    Cidr clients;
};
struct RegexTest
{
    QRegularExpression expression; // implicitly shared and safe to match with from several threads
};
struct NoDataTest
{
};
using Test = std::variant<HostPattern, NetworkTest, ProtocolTest, ClientTest, RegexTest, NoDataTest>;

bool evaluate(const HostPattern &test, const MatchRequest &request)
{
    return test.matches(request.host);
}

bool evaluate(const NetworkTest &test, const MatchRequest &request)
{
    return policy::networkName(request.network).starts_with(test.prefix);
}

bool evaluate(const ProtocolTest &test, const MatchRequest &request)
{
    return test.protocol == request.protocol;
}

bool evaluate(const ClientTest &test, const MatchRequest &request)
{
    return request.client && test.clients.contains(*request.client);
}

bool evaluate(const RegexTest &test, const MatchRequest &request)
{
    if (request.host.empty())
        return false;
    const auto host = QString::fromLatin1(request.host.data(), static_cast<qsizetype>(request.host.size()));
    return test.expression.match(host).hasMatch();
}

bool evaluate(const NoDataTest &, const MatchRequest &)
{
    return false;
}

/// A node of the rule's tree; children are indices into one vector.
struct Term
{
    enum class Kind : std::uint8_t { Leaf, Not, And, Or };
    Kind kind = Kind::Leaf;
    std::size_t left = 0, right = 0; // Not uses left only
    Test test = NoDataTest{};
};

struct Function
{
    std::string_view name; // in lower case
    std::size_t minArguments = 1, maxArguments = 1;
    Result<Test> (*make)(const std::string &argument) = nullptr; // null: there is no data for it in a tunnel
};

Error invalid(std::string message)
{
    return Error{ErrorCode::InvalidConfig, std::move(message), 0};
}

Result<Test> makeHost(const std::string &argument)
{
    if (!isAscii(argument))
        return invalid("Host takes ASCII names only; write international ones in their xn-- form");
    return Test(HostPattern(argument, HostPattern::Domain::Excluded));
}

Result<Test> makeHostRegexp(const std::string &argument)
{
    if (!isAscii(argument))
        return invalid("HostRegexp takes ASCII names only; write international ones in their xn-- form");
    QRegularExpression expression(QString::fromStdString(argument));
    if (!expression.isValid())
        return invalid("HostRegexp: " + expression.errorString().toStdString());
    expression.optimize(); // now, not at the first connection
    return Test(RegexTest{std::move(expression)});
}

Result<Test> makeNetwork(const std::string &argument)
{
    return Test(NetworkTest{lowerCase(argument)});
}

Result<Test> makeProtocol(const std::string &argument)
{
    return Test(ProtocolTest{lowerCase(argument)});
}

Result<Test> makeClient(const std::string &argument)
{
    const auto clients = Cidr::parse(argument);
    if (!clients)
        return invalid("ClientIP takes an address or a prefix such as 10.0.0.0/8");
    return Test(ClientTest{*clients});
}

constexpr std::array functions{
    Function{"host", 1, 1, &makeHost},
    Function{"hostregexp", 1, 1, &makeHostRegexp},
    Function{"network", 1, 1, &makeNetwork},
    Function{"proto", 1, 1, &makeProtocol},
    Function{"clientip", 1, 1, &makeClient},
    Function{"method"},
    Function{"path"},
    Function{"pathprefix"},
    Function{"pathregexp"},
    Function{"header", 1, 3},
    Function{"headerregexp", 1, 2},
    Function{"query", 1, 3},
    Function{"queryregexp", 1, 2},
    Function{"bodyjson", 2, 3},
    Function{"bodyregexp"},
    Function{"bypass"},
    Function{"admission"},
};

/// Recursive descent over  or := and {"||" and};  and := not {"&&" not};  not := "!" not | "(" or ")" | call.
/// Functions answer the index of their term, or nothing after `error` is set.
class Parser
{
public:
    explicit Parser(std::string_view text)
        : m_text(text)
    {
    }

    Result<std::vector<Term>> parse()
    {
        if (m_text.size() > maxRuleLength)
            return invalid("the rule is longer than 4096 characters");
        const auto root = parseOr();
        skipBlanks();
        if (root && m_at != m_text.size())
            fail("expected && or || or the end");
        if (m_error)
            return *std::move(m_error);
        return std::move(m_terms); // the root is the last one
    }

private:
    using Index = std::optional<std::size_t>;

    Index parseOr()
    {
        Index left = parseAnd();
        while (left && accept("||"))
            left = join(Term::Kind::Or, *left, parseAnd());
        return left;
    }

    Index parseAnd()
    {
        Index left = parseNot();
        while (left && accept("&&"))
            left = join(Term::Kind::And, *left, parseNot());
        return left;
    }

    Index parseNot()
    {
        if (++m_depth > maxDepth)
            return fail("the rule is nested too deep");
        Index term;
        if (accept("!")) {
            if (const Index inner = parseNot())
                term = add({Term::Kind::Not, *inner, 0, NoDataTest{}});
        } else if (accept("(")) {
            term = parseOr();
            if (term && !accept(")"))
                term = fail("expected )");
        } else {
            term = parseCall();
        }
        --m_depth;
        return term;
    }

    Index parseCall()
    {
        skipBlanks();
        const std::size_t start = m_at;
        while (m_at < m_text.size() && lowerCase(m_text[m_at]) >= 'a' && lowerCase(m_text[m_at]) <= 'z')
            ++m_at;
        const std::string name = lowerCase(m_text.substr(start, m_at - start));
        if (name.empty())
            return fail("expected a function such as Host(`example.com`)");
        const auto function = std::find_if(functions.begin(), functions.end(),
                                           [&name](const Function &known) { return known.name == name; });
        if (function == functions.end())
            return fail("there is no function '" + std::string(m_text.substr(start, m_at - start)) + "'", start);

        std::vector<std::string> arguments;
        if (!accept("("))
            return fail("expected (");
        do {
            auto argument = parseString();
            if (!argument)
                return std::nullopt;
            if (argument->empty())
                return fail("an argument is empty");
            arguments.push_back(std::move(*argument));
        } while (accept(","));
        if (!accept(")"))
            return fail("expected , or )");
        if (arguments.size() < function->minArguments || arguments.size() > function->maxArguments)
            return fail("wrong number of arguments", start);
        if (function->make == nullptr)
            return add({Term::Kind::Leaf, 0, 0, NoDataTest{}});
        auto test = function->make(arguments.front());
        if (!test)
            return fail(test.error().message, start);
        return add({Term::Kind::Leaf, 0, 0, std::move(test).value()});
    }

    /// `raw` or "with \" and \\".
    std::optional<std::string> parseString()
    {
        skipBlanks();
        const char quote = m_at < m_text.size() ? m_text[m_at] : '\0';
        if (quote != '`' && quote != '"') {
            fail("expected an argument in back-ticks or double quotes");
            return std::nullopt;
        }
        std::string value;
        for (++m_at; m_at < m_text.size(); ++m_at) {
            if (m_text[m_at] == quote) {
                ++m_at;
                return value;
            }
            if (quote == '"' && m_text[m_at] == '\\') {
                if (++m_at == m_text.size())
                    break;
                if (m_text[m_at] != '"' && m_text[m_at] != '\\') {
                    fail("in double quotes only \\\" and \\\\ are known; use back-ticks");
                    return std::nullopt;
                }
            }
            value += m_text[m_at];
        }
        fail("the argument has no end");
        return std::nullopt;
    }

    Index join(Term::Kind kind, std::size_t left, Index right)
    {
        return right ? add({kind, left, *right, NoDataTest{}}) : std::nullopt;
    }

    Index add(Term term)
    {
        m_terms.push_back(std::move(term));
        return m_terms.size() - 1;
    }

    void skipBlanks() { m_at = std::min(m_text.find_first_not_of(" \t\r\n", m_at), m_text.size()); }

    bool accept(std::string_view token)
    {
        skipBlanks();
        if (!m_text.substr(m_at).starts_with(token))
            return false;
        m_at += token.size();
        return true;
    }

    std::nullopt_t fail(const std::string &expected) { return fail(expected, m_at); }

    std::nullopt_t fail(const std::string &expected, std::size_t at)
    {
        if (!m_error)
            m_error = invalid("column " + std::to_string(at + 1) + ": " + expected);
        return std::nullopt;
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    int m_depth = 0;
    std::vector<Term> m_terms;
    std::optional<Error> m_error;
};

bool evaluateTerm(const std::vector<Term> &terms, std::size_t index, const MatchRequest &request)
{
    const Term &term = terms[index];
    switch (term.kind) {
    case Term::Kind::Not: return !evaluateTerm(terms, term.left, request);
    case Term::Kind::And: return evaluateTerm(terms, term.left, request) && evaluateTerm(terms, term.right, request);
    case Term::Kind::Or: return evaluateTerm(terms, term.left, request) || evaluateTerm(terms, term.right, request);
    case Term::Kind::Leaf: break;
    }
    return std::visit([&request](const auto &test) { return evaluate(test, request); }, term.test);
}

} // namespace

HostPattern::HostPattern(std::string_view text, Domain domain)
    : m_isDomainIncluded(domain == Domain::Included)
{
    m_name = lowerCase(text);
    if (m_name.starts_with('*')) {
        m_isSuffix = true;
        m_name.erase(0, 1);
    }
    if (m_name.starts_with('.')) {
        m_isSuffix = true;
        m_name.erase(0, 1);
    }
}

bool HostPattern::matches(std::string_view host) const
{
    if (!m_isSuffix)
        return host == m_name;
    if (host.empty() || m_name.empty()) // a lone star wants any host
        return !host.empty();
    if (!host.ends_with(m_name))
        return false;
    if (host.size() == m_name.size())
        return m_isDomainIncluded;
    return host[host.size() - m_name.size() - 1] == '.';
}

struct Matcher::Rule
{
    std::vector<Term> terms; // children before parents, the root last
};

Matcher::Matcher(std::unique_ptr<const Rule> rule)
    : m_rule(std::move(rule))
{
}

Matcher::~Matcher() = default;

Result<std::unique_ptr<const Matcher>> Matcher::parse(std::string_view rule)
{
    auto terms = Parser(rule).parse();
    if (!terms)
        return std::move(terms).error();
    return std::unique_ptr<const Matcher>(new Matcher(std::make_unique<const Rule>(Rule{std::move(terms).value()})));
}

bool Matcher::matches(const MatchRequest &request) const
{
    return evaluateTerm(m_rule->terms, m_rule->terms.size() - 1, request);
}

bool Matcher::hasFunctionsWithoutData() const
{
    return std::any_of(m_rule->terms.begin(), m_rule->terms.end(), [](const Term &term) {
        return term.kind == Term::Kind::Leaf && std::holds_alternative<NoDataTest>(term.test);
    });
}

NodeFilter::NodeFilter(const config::NodeFilterConfig &config)
    : m_protocol(lowerCase(config.protocol))
    , m_hasPath(!config.path.empty())
{
    if (!config.host.empty())
        m_host.emplace(config.host, HostPattern::Domain::Included);
}

bool NodeFilter::matches(const MatchRequest &request) const
{
    return !m_hasPath && (!m_host || m_host->matches(request.host)) &&
           (m_protocol.empty() || m_protocol == request.protocol);
}

int effectivePriority(const config::MatcherConfig &config)
{
    return config.priority != 0 ? config.priority : static_cast<int>(config.rule.size());
}

} // namespace sluice::chain
