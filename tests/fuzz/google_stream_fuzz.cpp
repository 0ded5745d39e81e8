// The bytes of a stream of Gemini, whole and in pieces of a length that the first byte says: the same reply, and no
// crash.
#include "extensions/models/google_generative_ai/wire.hpp"
#include "ports/fake_model_sink.hpp"
#include <cstdlib>

using namespace openclaw;

namespace {
std::string decode(std::string_view bytes, std::size_t step) {
  ports::ModelEndpoint endpoint;
  endpoint.provider = "p";
  ports::FakeModelSink sink;
  ports::google::ReplyReader reader(endpoint, "m", sink);
  net::SseParser parser;
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (!ports::feed_events(parser, bytes.substr(at, step), reader)) return "error";
  if (!ports::end_events(parser, reader)) return "error";
  const auto reply = reader.finish();
  return reply ? ports::sketch(*reply) + sink.said : "error";
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (decode(bytes, bytes.size()) != decode(bytes, 1 + data[0])) std::abort();
  return 0;
}
