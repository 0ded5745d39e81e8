// Counts the words of a file of the workspace.
#include "base/json.hpp"
#include "base/text.hpp"
#include "ports/registry.hpp"
#include <fmt/core.h>
#include <sstream>

namespace openclaw::ports {
namespace {

constexpr std::size_t kLargestFile = 1024 * 1024;

class WordCount final : public Tool {
public:
  ToolSpec spec() const override {
    return {"word_count", "Counts the words of a text file in the workspace.",
            R"({"type":"object","required":["path"],"properties":{"path":{"type":"string","minLength":1}}})"};
  }

  // What would happen, for policy and for the person who is asked. It changes nothing.
  Task<policy::Effect> preview(std::string arguments_json, const ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments"));
    const auto path = string_or(arguments, "path");
    CO_TRY(auto relative, context.workspace.relative(path));
    policy::Effect effect;
    effect.risk = policy::Risk::read;
    effect.tool = "word_count";
    effect.summary = fmt::format("word_count {}", printable(relative, 300));
    effect.paths.push_back(std::move(relative));
    co_return effect;
  }

  // Acts on what the permit names, not on what the model wrote.
  Task<ToolResult> run(std::string, policy::Permit permit, const ToolContext& context) override {
    CO_TRY(const auto settings, parse_json(context.settings("word_count"), "settings"));
    const auto shortest = static_cast<std::size_t>(integer_or(settings, "shortestWord", 1));
    CO_TRY(auto content, context.workspace.read_file("./" + permit.effect().paths.front(), kLargestFile));
    std::istringstream text(std::move(content));
    std::size_t count = 0;
    for (std::string word; text >> word;)
      if (word.size() >= shortest) ++count;
    co_return text_result(fmt::format("{} words", count));
  }
};

} // namespace

void register_tools_word_count(Registry& registry) {
  registry.add_tool(std::make_unique<WordCount>());
}

} // namespace openclaw::ports
