// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads the server name out of a TLS ClientHello.
#pragma once

#include "daemon/sniff/sniffer.h"

namespace sluice::sniff {

/// Puts the ClientHello together from any number of TLS records and reads server_name (RFC 6066 3), ALPN (RFC 7301) and
/// whether encrypted_client_hello is there (RFC 9849). A hello without server_name is Found without a name. A
/// length that runs over its frame, a second server_name extension, a second host_name in it and a name that
/// host_name.h refuses are Malformed. SSL 2 hellos are NotMine.
/// Thread: any.  Limits: maxSniffBytes for all records; a hello that says it is larger is Malformed at once.
[[nodiscard]] SniffResult sniffTlsSni(std::span<const std::byte> soFar);

} // namespace sluice::sniff
