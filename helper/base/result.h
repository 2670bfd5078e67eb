// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Result<T>: a value or an Error. A subset of C++23's std::expected, which C++20 does not have.
#pragma once

#include "helper/base/error.h"

#include <cassert>
#include <type_traits>
#include <utility>
#include <variant>

namespace sluice {

/// Either a T or the Error that stood in its way. Reading the wrong side is a programming error (assert).
/// Thread: as T.
template <typename T>
class [[nodiscard]] Result
{
public:
    using Value = T;

    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool hasValue() const { return m_state.index() == 0; }
    explicit operator bool() const { return hasValue(); }

    [[nodiscard]] T &value() & { assert(hasValue()); return *std::get_if<0>(&m_state); }
    [[nodiscard]] const T &value() const & { assert(hasValue()); return *std::get_if<0>(&m_state); }
    [[nodiscard]] T &&value() && { assert(hasValue()); return std::move(*std::get_if<0>(&m_state)); }
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }
    [[nodiscard]] T valueOr(T other) const & { return hasValue() ? value() : std::move(other); }

    [[nodiscard]] const Error &error() const & { assert(!hasValue()); return *std::get_if<1>(&m_state); }
    [[nodiscard]] Error &&error() && { assert(!hasValue()); return std::move(*std::get_if<1>(&m_state)); }

    /// Adds where it happened to an error; a value passes through.
    [[nodiscard]] Result in(std::string_view context) &&
    {
        if (hasValue())
            return std::move(*this);
        return error().in(context);
    }

    /// f(T) -> Result<U>, called only on success.
    template <typename F>
    [[nodiscard]] auto andThen(F &&f) && -> std::invoke_result_t<F, T>
    {
        if (hasValue())
            return std::forward<F>(f)(std::move(*this).value());
        return std::move(*this).error();
    }

private:
    std::variant<T, Error> m_state;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void>
{
public:
    using Value = void;

    Result() = default;
    Result(Error error) : m_error(std::move(error)), m_failed(true) {}

    [[nodiscard]] bool hasValue() const { return !m_failed; }
    explicit operator bool() const { return hasValue(); }
    [[nodiscard]] const Error &error() const & { assert(m_failed); return m_error; }
    [[nodiscard]] Error &&error() && { assert(m_failed); return std::move(m_error); }
    [[nodiscard]] Result in(std::string_view context) &&
    {
        if (hasValue())
            return std::move(*this);
        return m_error.in(context);
    }

private:
    Error m_error;
    bool m_failed = false;
};

} // namespace sluice
