// One timer over the steps of an outbound request: it interrupts whatever step is current. It costs nothing while it is
// not armed.
#pragma once
#include "async/event.hpp"
#include <functional>
#include <memory>

namespace openclaw::net {

class Deadline : public std::enable_shared_from_this<Deadline> {
public:
  explicit Deadline(async::Executor executor) : timer_(executor) {}

  void arm(std::int64_t milliseconds) {
    expired_ = false;
    timer_.expires_after(std::chrono::milliseconds(milliseconds));
    timer_.async_wait([weak = weak_from_this(), armed = ++armed_](boost::system::error_code code) {
      const auto self = weak.lock();
      if (code || !self || self->armed_ != armed) return;
      self->expired_ = true;
      if (self->interrupt_) self->interrupt_();
    });
  }
  void disarm() {
    ++armed_;
    timer_.cancel();
  }
  bool expired() const { return expired_; }
  async::Executor executor() { return timer_.get_executor(); }
  std::int64_t left_ms() const {
    const auto left = timer_.expiry() - std::chrono::steady_clock::now();
    return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  }

  // For as long as it lives, `interrupt` is what expiry calls.
  class Step {
  public:
    Step(std::shared_ptr<Deadline> deadline, std::function<void()> interrupt) : deadline_(std::move(deadline)) {
      deadline_->interrupt_ = std::move(interrupt);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { deadline_->interrupt_ = nullptr; }

  private:
    std::shared_ptr<Deadline> deadline_;
  };

private:
  async::Timer timer_;
  std::function<void()> interrupt_;
  std::uint64_t armed_ = 0;
  bool expired_ = false;
};

} // namespace openclaw::net
