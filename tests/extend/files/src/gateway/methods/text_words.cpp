#include "gateway/services.hpp"
#include <sstream>

namespace openclaw::gateway {
namespace {

Task<json::value> count_words(Call call) {
  std::istringstream text(string_or(call.params, "text"));
  std::int64_t words = 0;
  for (std::string word; text >> word;)
    ++words;
  co_return json::value(json::object{{"words", words}});
}

} // namespace

void register_text_words(MethodTable& table) {
  table.add({"text.words", Scope::read,
             R"({"type":"object","required":["text"],"properties":{"text":{"type":"string"}}})", count_words});
}

} // namespace openclaw::gateway
