// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "helper/apply/applied_journal.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>

namespace sluice::apply {

using namespace rules;

namespace {

constexpr std::string_view header = "sluice applied rules 1";

std::uint64_t startTimeOf(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    // The second field, the name, may hold blanks and brackets; the last ')' ends it, and field 3 follows.
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos)
        return 0;
    std::istringstream rest(text.substr(end + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number)
        rest >> field;
    return std::strtoull(field.c_str(), nullptr, 10);
}

int numberOf(Family family)
{
    return family == Family::IPv4 ? 4 : 6;
}

std::optional<Family> readFamily(std::istream &words)
{
    int number = 0;
    words >> number;
    if (number == 4)
        return Family::IPv4;
    return number == 6 ? std::optional(Family::IPv6) : std::nullopt;
}

/// A number that may be missing is written as "-".
template <typename Number>
std::string orDash(const std::optional<Number> &number)
{
    return number ? std::to_string(*number) : "-";
}

template <typename Number>
std::optional<Number> readOrDash(std::istream &words)
{
    std::string word;
    words >> word;
    if (word == "-")
        return std::nullopt;
    char *end = nullptr;
    const unsigned long number = std::strtoul(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0')
        words.setstate(std::ios::failbit);
    return static_cast<Number>(number);
}

void writeHooks(std::ostream &text, Family family, const IptablesTables &tables)
{
    for (const IptablesTable &table : tables) {
        for (const IptablesHookRule &hook : table.hookRules)
            text << "hook " << numberOf(family) << ' ' << table.name << ' ' << hook.chain << ' ' << hook.rule << '\n';
    }
}

bool readLine(const std::string &line, AppliedJournal &journal)
{
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "owner") {
        words >> journal.owner >> journal.ownerStartTime;
    } else if (kind == "iptables") {
        words >> journal.iptables;
        return journal.iptables == "iptables" || journal.iptables == "iptables-nft" ||
               journal.iptables == "iptables-legacy";
    } else if (kind == "chains") {
        words >> journal.chainPrefix;
    } else if (kind == "hook") {
        const std::optional<Family> family = readFamily(words);
        std::string table, chain, rule;
        words >> table >> chain >> std::ws;
        std::getline(words, rule);
        if (!family)
            return false;
        IptablesTables &tables = *family == Family::IPv4 ? journal.tables4 : journal.tables6;
        if (tables.empty() || tables.back().name != table)
            tables.push_back({table, {}, {}});
        tables.back().hookRules.push_back({chain, rule, false});
    } else if (kind == "rule") {
        IpRule rule;
        const std::optional<Family> family = readFamily(words);
        words >> rule.mark.value >> rule.mark.mask >> rule.isFromLoopback;
        rule.table = readOrDash<std::uint32_t>(words);
        rule.preference = readOrDash<std::uint32_t>(words);
        rule.protocol = readOrDash<std::uint8_t>(words);
        rule.family = family.value_or(Family::IPv4);
        journal.ipRules.push_back(rule);
        return family && !words.fail();
    } else if (kind == "route") {
        LocalRoute route;
        const std::optional<Family> family = readFamily(words);
        words >> route.table;
        route.protocol = readOrDash<std::uint8_t>(words);
        route.family = family.value_or(Family::IPv4);
        journal.routes.push_back(route);
        return family && !words.fail();
    } else {
        return false;
    }
    return !words.fail();
}

} // namespace

bool AppliedJournal::isOwnedByAnotherLiveProcess() const
{
    return owner > 0 && owner != ::getpid() && ownerStartTime != 0 && startTimeOf(owner) == ownerStartTime;
}

void AppliedJournal::setOwnerToThisProcess()
{
    owner = ::getpid();
    ownerStartTime = startTimeOf(owner);
}

std::string AppliedJournal::toText() const
{
    std::ostringstream text;
    text << header << "\nowner " << owner << ' ' << ownerStartTime << "\niptables " << iptables << "\nchains "
         << chainPrefix << '\n';
    writeHooks(text, Family::IPv4, tables4);
    writeHooks(text, Family::IPv6, tables6);
    for (const IpRule &rule : ipRules)
        text << "rule " << numberOf(rule.family) << ' ' << rule.mark.value << ' ' << rule.mark.mask << ' '
             << rule.isFromLoopback << ' ' << orDash(rule.table) << ' ' << orDash(rule.preference) << ' '
             << orDash(rule.protocol) << '\n';
    for (const LocalRoute &route : routes)
        text << "route " << numberOf(route.family) << ' ' << route.table << ' ' << orDash(route.protocol) << '\n';
    return text.str();
}

std::optional<AppliedJournal> AppliedJournal::parse(std::string_view text)
{
    std::istringstream lines{std::string(text)};
    std::string line;
    if (!std::getline(lines, line) || line != header)
        return std::nullopt;
    AppliedJournal journal;
    while (std::getline(lines, line)) {
        if (!readLine(line, journal))
            return std::nullopt;
    }
    return journal;
}

Result<JournalFile> JournalFile::open(const std::string &folder)
{
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return systemError("cannot make the folder " + folder, errno);
    struct stat space
    {
    };
    if (::stat("/proc/self/ns/net", &space) != 0)
        return systemError("cannot look at this network namespace", errno);
    return JournalFile(folder + "/rules-" + std::to_string(space.st_ino));
}

std::optional<AppliedJournal> JournalFile::read() const
{
    std::ifstream file(m_stem + ".journal");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return AppliedJournal::parse(text);
}

Result<void> JournalFile::write(const AppliedJournal &journal) const
{
    const std::string path = m_stem + ".journal", fresh = path + ".new", text = journal.toText();
    UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file)
        return systemError("cannot write " + fresh, errno);
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0)
        return systemError("cannot write " + fresh, written >= 0 && errno == 0 ? ENOSPC : errno);
    if (::rename(fresh.c_str(), path.c_str()) != 0)
        return systemError("cannot write " + path, errno);
    return {};
}

Result<void> JournalFile::erase() const
{
    const std::string path = m_stem + ".journal";
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return systemError("cannot delete " + path, errno);
    return {};
}

Result<UniqueFd> JournalFile::lock(std::chrono::milliseconds timeout) const
{
    const std::string path = m_stem + ".lock";
    // Without O_CLOEXEC: see the header.
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    if (!file)
        return systemError("cannot open " + path, errno);
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return systemError("cannot lock " + path, errno);
        if (std::chrono::steady_clock::now() >= deadline)
            return Error{ErrorCode::Timeout, "another process is changing the rules (" + path + " is locked)"};
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return file;
}

} // namespace sluice::apply
