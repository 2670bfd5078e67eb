// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reads the host out of the head of an HTTP/1 request.
#pragma once

#include "daemon/sniff/sniffer.h"

namespace sluice::sniff {

/// Recognises any method that is a token (RFC 9110 5.6.2) of at most 32 bytes. Waits for the whole head, because a
/// second Host field may stand at its end; servers disagree on which of two they believe, so both together are
/// Malformed, like all other heads that two readers may read in two ways (folded or spaced Host, a bare CR, a target
/// that differs from Host). A lone LF ends a line, as RFC 9112 2.2 allows. HTTP/2 with prior knowledge is Found without
/// a name: its names are compressed and change per request. Thread: any.  Limits: maxSniffBytes for the head, applied
/// by sniff().
[[nodiscard]] SniffResult sniffHttpHost(std::span<const std::byte> soFar);

} // namespace sluice::sniff
