// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/log/log.h"

#include "helper/base/unique_fd.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace sluice::log {

namespace {

constexpr std::size_t maxPending = 1024 * 1024; // bytes
constexpr std::chrono::milliseconds gatherTime(5);
constexpr std::chrono::seconds maxFlushTime(1); ///< an output that takes nothing must not stop the process
constexpr std::array<std::string_view, 6> levelNames{"trace", "debug", "info", "warn", "error", "fatal"};

std::atomic<Level> currentLevel{Level::Info};
std::atomic<Format> currentFormat{Format::Json};

void writeAll(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; // disk full, pipe closed: traffic matters more than the log
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// The thread that writes. Started with the first entry; it ends with the process.
class Writer
{
public:
    /// Never destroyed: at the end of the process its thread may be stuck in a write that nobody reads.
    static Writer &instance()
    {
        static Writer &writer = *new Writer;
        return writer;
    }

    void setOutput(int fd, UniqueFd owned)
    {
        flush();
        const std::lock_guard lock(m_mutex);
        m_fd = fd;
        m_owned = std::move(owned);
    }

    void append(std::string_view line)
    {
        bool isFirst = false;
        {
            const std::lock_guard lock(m_mutex);
            if (m_pending.size() + line.size() > maxPending) {
                ++m_dropped;
                return;
            }
            isFirst = m_pending.empty();
            m_pending.append(line);
            if (!m_thread.joinable())
                m_thread = std::thread([this] { run(); });
        }
        if (isFirst)
            m_wake.notify_all();
    }

    void flush()
    {
        std::unique_lock lock(m_mutex);
        if (!m_thread.joinable())
            return;
        ++m_flushing;
        m_wake.notify_all();
        m_idle.wait_for(lock, maxFlushTime, [this] { return m_pending.empty() && !m_isWriting; });
        --m_flushing;
    }

private:
    void run()
    {
        std::string batch;
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_wake.wait(lock, [this] { return !m_pending.empty(); });
            // Under load the others then wake this thread once a batch and not once an entry.
            m_wake.wait_for(lock, gatherTime, [this] { return m_flushing > 0; });
            batch.clear();
            batch.swap(m_pending);
            const std::uint64_t dropped = std::exchange(m_dropped, 0);
            const int fd = m_fd;
            m_isWriting = true;
            lock.unlock();
            if (fd >= 0)
                writeAll(fd, batch);
            lock.lock();
            m_isWriting = false;
            if (dropped > 0) {
                lock.unlock();
                Entry(Level::Warn, "log entries were dropped because the log output is too slow").field("count", dropped);
                lock.lock();
            }
            if (m_pending.empty())
                m_idle.notify_all();
        }
    }

    std::mutex m_mutex;
    std::condition_variable m_wake, m_idle;
    std::string m_pending;
    std::uint64_t m_dropped = 0;
    int m_fd = STDERR_FILENO;
    UniqueFd m_owned;
    int m_flushing = 0; ///< callers of flush() that wait
    bool m_isWriting = false;
    std::thread m_thread;
};

/// Local time as RFC 3339 with milliseconds, as GOST prints it.
void appendTime(std::string &text)
{
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    thread_local std::time_t cachedSecond = -1;
    thread_local char seconds[32];
    thread_local char zone[8];
    if (now.tv_sec != cachedSecond) {
        cachedSecond = now.tv_sec;
        std::tm local{};
        ::localtime_r(&now.tv_sec, &local);
        std::strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &local);
        if (local.tm_gmtoff == 0) {
            std::memcpy(zone, "Z", 2);
        } else {
            std::strftime(zone, sizeof zone - 1, "%z", &local); // +hhmm
            std::memmove(zone + 4, zone + 3, 3);
            zone[3] = ':';
        }
    }
    const long milliseconds = now.tv_nsec / 1'000'000;
    text.append(seconds);
    text += '.';
    text += static_cast<char>('0' + milliseconds / 100);
    text += static_cast<char>('0' + milliseconds / 10 % 10);
    text += static_cast<char>('0' + milliseconds % 10);
    text.append(zone);
}

/// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629).
std::size_t utf8Length(std::string_view text)
{
    const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    const std::size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    if (length == 0 || length > text.size())
        return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0) != 0x80)
            return 0;
    }
    if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) >= 0xa0) || (first == 0xf0 && at(1) < 0x90)
        || (first == 0xf4 && at(1) >= 0x90))
        return 0;
    return length;
}

void appendQuoted(std::string &text, std::string_view value)
{
    constexpr std::string_view hex = "0123456789abcdef";
    text += '"';
    while (!value.empty()) {
        const auto byte = static_cast<unsigned char>(value[0]);
        const std::size_t length = utf8Length(value);
        if (byte == '"' || byte == '\\') {
            text += '\\';
            text += value[0];
        } else if (byte < 0x20 || byte == 0x7f || length == 0
                   || (length == 2 && byte == 0xc2 && static_cast<unsigned char>(value[1]) < 0xa0)) {
            const unsigned char code = length == 2 ? static_cast<unsigned char>(value[1]) : byte; // C1 controls
            text.append(length == 0 ? "\\ufffd" : "\\u00");
            if (length != 0) {
                text += hex[code >> 4];
                text += hex[code & 15];
            }
        } else {
            text.append(value.substr(0, length));
        }
        value.remove_prefix(length == 0 ? 1 : length);
    }
    text += '"';
}

} // namespace

Level levelOf(std::string_view word)
{
    for (std::size_t i = 0; i < levelNames.size(); ++i) {
        if (levelNames[i] == word)
            return static_cast<Level>(i);
    }
    return Level::Info;
}

void configure(const Settings &settings)
{
    currentLevel = settings.level;
    currentFormat = settings.format;
    if (settings.output == "none" || settings.output == "null") {
        currentLevel = Level::Off;
    } else if (settings.output == "stdout" || settings.output == "stderr" || settings.output.empty()) {
        Writer::instance().setOutput(settings.output == "stdout" ? STDOUT_FILENO : STDERR_FILENO, {});
    } else {
        UniqueFd file(::open(settings.output.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640));
        if (!file) {
            Entry(Level::Error, "cannot open the log file; logging goes on where it went")
                .field("file", settings.output).field("error", std::strerror(errno));
            return;
        }
        const int fd = file.get();
        Writer::instance().setOutput(fd, std::move(file));
    }
}

bool isEnabled(Level level)
{
    return level >= currentLevel.load(std::memory_order_relaxed);
}

void flush()
{
    Writer::instance().flush();
}

Entry::Entry(Level level, std::string_view message)
    : m_format(currentFormat.load(std::memory_order_relaxed)), m_isOn(isEnabled(level))
{
    if (!m_isOn)
        return;
    m_text.reserve(384);
    m_text.append(m_format == Format::Json ? "{\"time\":\"" : "time=");
    appendTime(m_text);
    m_text.append(m_format == Format::Json ? "\",\"level\":\"" : " level=");
    m_text.append(levelNames[static_cast<std::size_t>(level)]);
    m_text.append(m_format == Format::Json ? "\",\"msg\":" : " msg=");
    appendQuoted(m_text, message);
}

Entry::~Entry()
{
    if (!m_isOn)
        return;
    m_text.append(m_format == Format::Json ? "}\n" : "\n");
    Writer::instance().append(m_text);
}

Entry &Entry::field(std::string_view key, std::string_view value)
{
    if (m_isOn) {
        appendKey(key);
        appendQuoted(m_text, value);
    }
    return *this;
}

Entry &Entry::numberField(std::string_view key, std::int64_t value)
{
    if (m_isOn) {
        appendKey(key);
        m_text.append(std::to_string(value));
    }
    return *this;
}

void Entry::appendKey(std::string_view key)
{
    if (m_format == Format::Json) {
        m_text.append(",\"").append(key).append("\":");
    } else {
        m_text.append(" ").append(key).append("=");
    }
}

} // namespace sluice::log
