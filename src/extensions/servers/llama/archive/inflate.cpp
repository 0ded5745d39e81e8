#include "extensions/servers/llama/archive/inflate.hpp"

#include <array>
#include <zlib.h>

namespace openclaw::llama::archive {

struct Inflate::State {
  z_stream stream{};
  bool usable = false;
  std::array<char, 64 * 1024> output;
};

Inflate::Inflate(Wrapping wrapping) : state_(std::make_unique<State>()) {
  constexpr int kWindow = 15;
  constexpr int kGzip = 16;
  state_->usable = ::inflateInit2(&state_->stream, wrapping == Wrapping::raw ? -kWindow : kWindow + kGzip) == Z_OK;
}

Inflate::~Inflate() {
  if (state_->usable) ::inflateEnd(&state_->stream);
}

Result<> Inflate::feed(std::string_view input, const std::function<Result<>(std::string_view)>& take) {
  if (!state_->usable) return fail(Kind::transient, "There is not enough memory to unpack the archive.");
  auto& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  while (!ended_) {
    stream.next_out = reinterpret_cast<Bytef*>(state_->output.data());
    stream.avail_out = static_cast<uInt>(state_->output.size());
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    // Z_BUF_ERROR: all input is used up and nothing came of it, which is no error.
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return fail(Kind::invalid, "The archive is damaged: its compressed data is not valid.");
    ended_ = code == Z_STREAM_END;
    const auto made = state_->output.size() - stream.avail_out;
    if (made > 0) TRY_VOID(take(std::string_view(state_->output.data(), made)));
    if (stream.avail_in == 0 && made < state_->output.size()) break;
  }
  return {};
}

} // namespace openclaw::llama::archive
