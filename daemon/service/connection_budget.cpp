// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/service/connection_budget.h"

#include "daemon/pump/pipe_pool.h"

#include <algorithm>

namespace sluice::service {

ConnectionBudget::ConnectionBudget(std::size_t descriptors)
{
    constexpr std::size_t forTheRest = 64;
    // Pipes are a convenience: with few descriptors connections come first, and the pump copies.
    const std::size_t forPipes = std::min<std::size_t>(2 * pump::PipePool::maxPipes, descriptors / 8);
    const std::size_t kept = std::min(forTheRest + forPipes, descriptors / 2);
    m_max = std::max<std::size_t>((descriptors - kept) / 2, 1);
}

} // namespace sluice::service
