// The bytes of an Ollama stream, whole and in pieces of a length that the first byte says: the same reply, and no
// crash.
#include "extensions/models/ollama/wire.hpp"
#include "ports/fake_model_sink.hpp"
#include <cstdlib>

using namespace openclaw;

namespace {
const std::vector<ports::ToolSpec> kTools = {
    {"exec", "", R"({"type":"object","properties":{"command":{"type":"string"}}})"}};

std::string decode(std::string_view bytes, std::size_t step, bool lenient) {
  ports::ModelEndpoint endpoint;
  endpoint.provider = "p";
  if (lenient) endpoint.flags.insert("lenient_tools");
  ports::FakeModelSink sink;
  ports::ollama::ReplyReader reader(endpoint, "m", kTools, sink);
  ports::LineParser lines;
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (!lines.feed(bytes.substr(at, step), reader)) return "error";
  if (!lines.end(reader)) return "error";
  const auto reply = reader.finish();
  return reply ? ports::sketch(*reply) + sink.said : "error";
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool lenient = (data[0] & 1) != 0;
  if (decode(bytes, bytes.size(), lenient) != decode(bytes, 1 + (data[0] >> 1), lenient)) std::abort();
  return 0;
}
