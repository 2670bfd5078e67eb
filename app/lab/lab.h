// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The playground's network: client - gateway - target, three network namespaces joined by two veth pairs, with the
// addresses of GOST's transparent-proxy tutorial. Nothing of the machine's own network is touched.
#pragma once

#include "app/lab/processes.h"
#include "helper/base/ip_address.h"
#include "helper/base/result.h"

#include <string>

namespace sluice::lab {

enum class Host { Client, Gateway, Target };

/// Whose traffic is intercepted: what the gateway forwards for others, its own, or both.
enum class Mode { Gateway, Local, Both };

/// The lab's addresses. `named` is a second address of the target, which only its names lead to: a connection that
/// arrives there was dialled by name.
struct Addresses
{
    IpAddress target;
    IpAddress named;
    std::string webName;
    std::string tlsName;
};
[[nodiscard]] Addresses addressesOf(Family family);

/// The prefixes of the target, which must be intercepted although they are private ones.
inline constexpr const char *targetPrefixes = "10.0.10.0/24,fd00:10::/64";

/// Three namespaces and a folder below /run, all named after the process that made them. They go with the Lab, and when
/// the process dies without a word, a watching child removes them. What a dead pair left is found by its name and
/// removed by removeStaleLabs().  Thread: main.  Errors: of `ip`, in its own words.
class Lab
{
public:
    static Result<Lab> create();
    Lab(Lab &&other) noexcept;
    Lab &operator=(Lab &&) = delete;
    ~Lab();

    [[nodiscard]] std::string netns(Host host) const;
    [[nodiscard]] Place place(Host host) const { return Place{netns(host), {}, {}}; }
    /// For a daemon: with the lab's names and a log.
    [[nodiscard]] Place place(Host host, const std::string &logName) const;
    [[nodiscard]] std::string folder() const { return "/run/" + m_id; }
    [[nodiscard]] bool hasIpv6() const { return m_hasIpv6; }

    /// Leaves everything in place when this object goes, until somebody cleans up.
    void keep();

private:
    explicit Lab(std::string id)
        : m_id(std::move(id))
    {
    }
    Result<void> build();
    void dismissWatcher();

    std::string m_id; ///< empty when there is nothing (more) to remove
    Child m_watcher;
    bool m_hasIpv6 = true;
};

/// Removes the labs of processes that are no more, and answers how many there were.
int removeStaleLabs(bool withKept);

} // namespace sluice::lab
