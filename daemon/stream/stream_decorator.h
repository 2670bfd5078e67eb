// SPDX-FileCopyrightText: 2026 The Sluice authors
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A stream over another stream.
#pragma once

#include "daemon/stream/stream.h"

namespace sluice::stream {

/// Passes everything to the stream below, which it owns; subclasses change what they must. Thread: io.
class StreamDecorator : public Stream, private StreamWatcher
{
public:
    explicit StreamDecorator(StreamPtr below)
        : m_below(std::move(below))
    {
        m_below->setWatcher(this);
    }

    IoResult write(std::span<const std::byte> data) override { return m_below->write(data); }
    void shutdownWrite() override { m_below->shutdownWrite(); }
    void abortOnClose() override { m_below->abortOnClose(); }
    [[nodiscard]] Error error() const override { return m_below->error(); }
    FdStream *plainSocket() override { return hasUnread() ? nullptr : m_below->plainSocket(); }

protected:
    IoResult readBelow(std::span<std::byte> buffer) override { return m_below->read(buffer); }
    /// The stream below may have become readable or writable. Overrides call this last.
    virtual void belowReady() { notifyWatcher(); }
    [[nodiscard]] Stream &below() { return *m_below; }
    [[nodiscard]] const Stream &below() const { return *m_below; }

private:
    void onStreamReady(Stream &) final { belowReady(); }

    StreamPtr m_below;
};

} // namespace sluice::stream
