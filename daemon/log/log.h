// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The daemon's log: one line an entry, JSON or key=value text, with GOST's field names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::log {

enum class Level : std::uint8_t { Trace, Debug, Info, Warn, Error, Fatal, Off };
enum class Format : std::uint8_t { Json, Text };

struct Settings
{
    Level level = Level::Info;
    Format format = Format::Json;
    std::string output = "stderr"; ///< stderr, stdout, none (or null), or a file that is appended to
};

/// The level that GOST's word names (lower case); Info for any other.
[[nodiscard]] Level levelOf(std::string_view word);

/// Takes effect with the next entry. An output file that cannot be opened leaves the old output and logs why.
/// Thread: main.
void configure(const Settings &settings);

[[nodiscard]] bool isEnabled(Level level);

/// Waits until everything that is pending is written, at most a second. Thread: any.
void flush();

/// One entry, written when it goes out of scope. Building it costs nothing when its level is off.
/// Entries are handed to a writer thread, so that a slow terminal or a full disk never stops traffic. At most 1 MiB waits;
/// what is more is dropped, and the number of dropped entries is logged.
/// Control characters and invalid UTF-8 are escaped: text from the network cannot forge lines or colour terminals.
/// Thread: any.
///   log::Entry(log::Level::Info, "listening").field("service", name).field("addr", addr);
class Entry
{
public:
    Entry(Level level, std::string_view message);
    ~Entry();
    Entry(const Entry &) = delete;
    Entry &operator=(const Entry &) = delete;

    Entry &field(std::string_view key, std::string_view value);
    Entry &field(std::string_view key, const char *value) { return field(key, std::string_view(value)); }
    Entry &field(std::string_view key, const std::string &value) { return field(key, std::string_view(value)); }
    template <typename Number>
        requires std::is_integral_v<Number>
    Entry &field(std::string_view key, Number value)
    {
        return numberField(key, static_cast<std::int64_t>(value));
    }

private:
    Entry &numberField(std::string_view key, std::int64_t value);
    void appendKey(std::string_view key);

    std::string m_text;
    Format m_format = Format::Json;
    bool m_isOn = false;
};

} // namespace sluice::log
