// The bounded queue between the thread that talks to clients and the thread
// that computes.
#pragma once

#include "extensions/servers/llama/worker/chat.hpp"
#include "extensions/servers/llama/worker/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

namespace openclaw::llama_worker {

struct Job {
  Connection connection;
  ChatRequest request;
};

class JobQueue {
public:
  static constexpr std::size_t kMaxWaiting = 16;

  // Gives the job back when the queue is full.
  std::optional<Job> push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      // Clients that gave up while they waited hold no place.
      std::erase_if(jobs_, [](const Job& waiting) { return waiting.connection.client_is_gone(); });
      if (jobs_.size() >= kMaxWaiting) return job;
      jobs_.push_back(std::move(job));
    }
    filled_.notify_one();
    return std::nullopt;
  }

  Job pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !jobs_.empty(); });
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Job> jobs_;
};

} // namespace openclaw::llama_worker
