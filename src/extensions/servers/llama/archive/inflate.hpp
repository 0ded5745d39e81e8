// A deflate stream turned back into its bytes, piece by piece, by zlib.
#pragma once
#include "base/result.hpp"
#include <functional>
#include <memory>
#include <string_view>

namespace openclaw::llama::archive {

class Inflate {
public:
  enum class Wrapping { raw, gzip };
  explicit Inflate(Wrapping wrapping);
  ~Inflate();

  // Hands on what `input` unpacks to, in pieces of at most 64 KiB; an error of `take` ends it. What follows the
  // stream's end is ignored.
  Result<> feed(std::string_view input, const std::function<Result<>(std::string_view)>& take);
  bool ended() const { return ended_; }

private:
  struct State;
  std::unique_ptr<State> state_;
  bool ended_ = false;
};

} // namespace openclaw::llama::archive
