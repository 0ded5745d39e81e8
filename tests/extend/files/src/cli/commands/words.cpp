#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> count_words(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  TRY(const auto answer, call_gateway(invocation, "text.words", {{"text", invocation.argument(0)}}));
  auto& output = invocation.output();
  if (output.json())
    output.value(answer);
  else
    output.line(fmt::format("{} words", integer_or(answer, "words", 0)));
  return 0;
}

} // namespace

void register_words(CommandTable& table) {
  table.add({"words", "Count the words of a text.", "TEXT", gateway_call_options(), reporting(count_words)});
}

} // namespace openclaw::cli
