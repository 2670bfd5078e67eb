// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The makers of the built-in dialers. Each reads and checks its own settings.
#pragma once

#include "daemon/dialer/dialer.h"

namespace sluice::dialer {

/// The stream as it is.
[[nodiscard]] Result<DialerPtr> makeTcpDialer(const config::LayerConfig &layer, const std::string &nodeHost);
/// TLS by the layer's `tls` object; see TlsClientContext for what is verified.
[[nodiscard]] Result<DialerPtr> makeTlsDialer(const config::LayerConfig &layer, const std::string &nodeHost);

} // namespace sluice::dialer
