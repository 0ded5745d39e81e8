#include "net/websocket_connection.hpp"

#include "async/event.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "net/websocket_codec.hpp"
#include <boost/asio/post.hpp>

namespace openclaw::net {
namespace {

constexpr std::int64_t kCloseMs = 2000;
// Messages up to this size are copied next to each other; longer ones go to the kernel from where they lie.
constexpr std::size_t kCopyAtMost = 4096;
constexpr std::size_t kBatchBytes = 256 * 1024;
constexpr std::size_t kBatchMessages = 512;

using Message = std::shared_ptr<const std::string>;

// What one write hands to the kernel: frames in `framed`, interrupted by long messages in place.
struct Batch {
  std::string framed;
  std::vector<std::pair<std::size_t, Message>> long_ones; // offset in `framed` before which it is sent
  std::vector<std::string_view> parts;                    // what is left to write
};

// Reading happens in read(); writing and closing are chains of callbacks that hold the core, so that a socket which its
// owner dropped still says goodbye, for at most kCloseMs.
class Core : public std::enable_shared_from_this<Core> {
public:
  Core(std::unique_ptr<Stream> stream, WebSocketRole role, std::size_t read_limit, std::string already_read,
       std::shared_ptr<void> slot, std::int64_t silence_ms)
      : silence_ms_(silence_ms), stream_(std::move(stream)), slot_(std::move(slot)), rest_(std::move(already_read)),
        decoder_(role == WebSocketRole::server, read_limit), role_(role) {}

  void send(Message message) {
    if (closing_ || finished_ || !message) return;
    bytes_ += message->size();
    queue_.push_back(std::move(message));
    schedule();
  }

  std::size_t buffered() const { return bytes_; }
  void set_limit(std::size_t bytes) { decoder_.set_limit(bytes); }

  void close(int code, std::string_view reason) {
    if (closing_ || finished_) return;
    closing_ = true;
    close_frame_ = close_payload(code, reason);
    start_close_timer();
    schedule();
  }

  // One round of read(): the next message of what has arrived, or nothing when more bytes are needed.
  Result<std::optional<std::string>> take() {
    while (rest_at_ < rest_.size() && !close_received_) {
      auto used = decoder_.feed(std::string_view(rest_).substr(rest_at_));
      if (!used) {
        arrived({});
        failed_ = true;
        close(std::stoi(used.error().code), used.error().message);
        return std::unexpected(used.error());
      }
      rest_at_ += *used;
      auto text = handle(decoder_.next());
      if (rest_at_ >= rest_.size() || close_received_) arrived({});
      if (text || finished_) return text;
    }
    return std::optional<std::string>{};
  }

  void arrived(std::string_view bytes) {
    rest_ = std::string(bytes);
    rest_at_ = 0;
  }
  // Between these two somebody waits for bytes.
  void await_bytes() {
    asked_ = false;
    if (silence_ms_ > 0) watch(silence_ms_);
  }
  void stop_waiting() {
    if (watch_) watch_->cancel();
  }
  bool finished() const { return finished_; }
  int close_code() const { return close_code_; }
  Stream& stream() { return *stream_; }
  void finish() {
    if (finished_) return;
    finished_ = true;
    queue_ = {};
    bytes_ = 0;
    stream_->close();
    if (timer_) timer_->cancel();
    stop_waiting();
    slot_.reset();
  }
  void set_reading(bool reading) {
    reading_ = reading;
    if (!reading && close_sent_ && !finished_) drain();
  }

private:
  std::optional<std::string> handle(std::optional<WebSocketEvent> event) {
    if (!event) return std::nullopt;
    switch (event->kind) {
    case WebSocketEvent::Kind::text:
      if (closing_) return std::nullopt;
      return std::move(event->payload);
    case WebSocketEvent::Kind::ping:
      // Only the latest ping is answered (RFC 6455, 5.5.3), so a flood of them cannot pile up.
      pong_ = std::move(event->payload);
      schedule();
      return std::nullopt;
    case WebSocketEvent::Kind::pong:
      return std::nullopt;
    case WebSocketEvent::Kind::close:
      close_received_ = true;
      close_code_ = event->code;
      if (!closing_) close(event->code == 1005 ? 1000 : event->code, "");
      if (close_sent_) finish();
      return std::nullopt;
    }
    return std::nullopt;
  }

  void watch(std::int64_t milliseconds) {
    if (!watch_) watch_ = std::make_unique<async::Timer>(stream_->executor());
    watch_->expires_after(std::chrono::milliseconds(milliseconds));
    watch_->async_wait([weak = weak_from_this()](Stream::Code code) {
      if (code) return;
      if (const auto self = weak.lock(); self && !self->finished_) self->missed();
    });
  }
  void missed() {
    if (asked_) return finish();
    asked_ = ping_ = true;
    schedule();
    watch(silence_ms_ / 3);
  }

  // The write starts on a later turn of the loop, so that everything sent in this turn travels together.
  void schedule() {
    if (writing_ || finished_) return;
    writing_ = true;
    boost::asio::post(stream_->executor(), [self = shared_from_this()] { self->write_batch(); });
  }

  void write_batch() {
    if (finished_) return;
    auto batch = std::make_shared<Batch>();
    if (pong_ && !close_sent_) append_frame(batch->framed, WebSocketOpcode::pong, *pong_, random());
    pong_.reset();
    if (ping_ && !close_sent_) append_frame(batch->framed, WebSocketOpcode::ping, "", random());
    ping_ = false;
    std::size_t taken = 0;
    std::size_t bytes = 0;
    while (taken < queue_.size() && taken < kBatchMessages && bytes < kBatchBytes) {
      auto& message = queue_[taken++];
      bytes += message->size();
      if (role_ == WebSocketRole::client || message->size() <= kCopyAtMost) {
        append_frame(batch->framed, WebSocketOpcode::text, *message, random());
      } else {
        append_frame_header(batch->framed, WebSocketOpcode::text, message->size());
        batch->long_ones.emplace_back(batch->framed.size(), std::move(message));
      }
    }
    if (taken == queue_.size())
      queue_ = {}; // gives the memory back: most connections are silent most of the time
    else
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
    in_flight_ = bytes;
    if (queue_.empty() && closing_ && !close_sent_) {
      append_frame(batch->framed, WebSocketOpcode::close, close_frame_, random());
      close_sent_ = true;
    }
    std::size_t at = 0;
    for (const auto& [offset, message] : batch->long_ones) {
      batch->parts.push_back(std::string_view(batch->framed).substr(at, offset - at));
      batch->parts.emplace_back(*message);
      at = offset;
    }
    if (at < batch->framed.size()) batch->parts.push_back(std::string_view(batch->framed).substr(at));
    if (batch->parts.empty()) {
      writing_ = false;
      return;
    }
    write_rest(std::move(batch));
  }

  void write_rest(std::shared_ptr<Batch> batch) {
    auto parts = batch->parts;
    stream_->write_some(std::move(parts),
                        [self = shared_from_this(), batch](Stream::Code code, std::size_t count) mutable {
                          self->wrote(std::move(batch), code, count);
                        });
  }

  void wrote(std::shared_ptr<Batch> batch, Stream::Code code, std::size_t count) {
    if (finished_) return;
    if (code) return finish();
    auto& parts = batch->parts;
    std::size_t whole = 0;
    while (whole < parts.size() && count >= parts[whole].size())
      count -= parts[whole++].size();
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(whole));
    if (!parts.empty()) {
      parts.front().remove_prefix(count);
      return write_rest(std::move(batch));
    }
    bytes_ -= std::min(bytes_, in_flight_);
    in_flight_ = 0;
    writing_ = false;
    if (close_sent_) return said_goodbye();
    if (!queue_.empty() || pong_ || ping_ || closing_) schedule();
  }

  void said_goodbye() {
    if (close_received_) return finish();
    // The peer's frames are no longer understood: end our side and wait for the end of theirs.
    if (failed_) stream_->finish_sending();
    if (!reading_) drain();
  }

  void drain() {
    if (draining_ || finished_) return;
    draining_ = true;
    stream_->read_some([self = shared_from_this()](Stream::Code code, std::string_view bytes) {
      self->draining_ = false;
      if (self->finished_) return;
      if (code || bytes.empty()) return self->finish();
      if (!self->failed_) {
        self->arrived(bytes);
        auto outcome = self->take();
        while (outcome && !self->finished_ && !self->rest_.empty())
          outcome = self->take();
        if (self->finished_) return;
      }
      self->drain();
    });
  }

  void start_close_timer() {
    timer_ = std::make_unique<async::Timer>(stream_->executor(), std::chrono::milliseconds(kCloseMs));
    timer_->async_wait([weak = weak_from_this()](Stream::Code code) {
      if (code) return;
      if (const auto self = weak.lock()) self->finish();
    });
  }

  Random* random() { return role_ == WebSocketRole::client ? &random_ : nullptr; }

  std::int64_t silence_ms_;
  std::unique_ptr<async::Timer> watch_;
  bool asked_ = false; // whether the peer is still there
  bool ping_ = false;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<void> slot_;
  std::string rest_; // bytes that arrived; those from rest_at_ on are not yet decoded
  std::size_t rest_at_ = 0;
  WebSocketDecoder decoder_;
  std::vector<Message> queue_;
  std::optional<std::string> pong_;
  std::string close_frame_;
  std::unique_ptr<async::Timer> timer_;
  std::size_t bytes_ = 0;
  std::size_t in_flight_ = 0;
  SystemRandom random_;
  int close_code_ = 1006; // what the peer gave; 1006: it went without a word
  WebSocketRole role_;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool failed_ = false; // the peer broke the protocol
  bool draining_ = false;
  bool finished_ = false;
};

// Marks who reads while a read() is in progress, however it ends.
class Reading {
public:
  explicit Reading(std::shared_ptr<Core> core) : core_(std::move(core)) { core_->set_reading(true); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() { core_->set_reading(false); }

private:
  std::shared_ptr<Core> core_;
};

Task<std::string> read_message(std::shared_ptr<Core> core) {
  const Reading reading(core);
  while (true) {
    auto message = core->take();
    if (!message) co_return std::unexpected(message.error());
    if (*message) co_return std::move(**message);
    if (core->finished()) break;
    core->await_bytes();
    auto bytes = co_await core->stream().read();
    core->stop_waiting();
    if (core->finished()) break;
    if (!bytes && bytes.error().kind == Kind::cancelled) co_return std::unexpected(bytes.error());
    if (!bytes || bytes->empty()) {
      core->finish();
      break;
    }
    core->arrived(*bytes);
  }
  co_return fail(Kind::cancelled, "The WebSocket is closed.", {}, std::to_string(core->close_code()));
}

class Handle final : public WebSocket {
public:
  explicit Handle(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~Handle() override { core_->close(1001, ""); }
  Task<std::string> read() override { return read_message(core_); }
  void send(Message message) override { core_->send(std::move(message)); }
  std::size_t buffered_bytes() const override { return core_->buffered(); }
  void close(int code, std::string reason) override { core_->close(code, reason); }
  void set_read_limit(std::size_t bytes) override { core_->set_limit(bytes); }

private:
  std::shared_ptr<Core> core_;
};

} // namespace

std::shared_ptr<WebSocket> make_websocket(std::unique_ptr<Stream> stream, WebSocketRole role, std::size_t read_limit,
                                          std::string already_read, std::shared_ptr<void> slot,
                                          std::int64_t silence_ms) {
  auto core =
      std::make_shared<Core>(std::move(stream), role, read_limit, std::move(already_read), std::move(slot), silence_ms);
  return std::make_shared<Handle>(std::move(core));
}

} // namespace openclaw::net
