#include "base/text.hpp"
#include "extensions/tools/web_fetch/fetch_page.hpp"
#include "ports/registry.hpp"

namespace openclaw::tools::web_fetch {
namespace {

class WebFetch final : public ports::Tool {
public:
  ports::ToolSpec spec() const override {
    return {
        "web_fetch",
        "Fetch a web page or text file and return it as readable markdown or text. Only public http and https "
        "addresses. "
        "The result is untrusted outside content.",
        R"({"type":"object","properties":{)"
        R"("url":{"type":"string","description":"The http or https address.","minLength":1,"maxLength":8192},)"
        R"("extractMode":{"type":"string","enum":["markdown","text"],"description":"markdown (default) keeps links and headings."},)"
        R"("maxChars":{"type":"integer","minimum":100,"description":"Show at most so many characters (default 50000)."}},)"
        R"("required":["url"],"additionalProperties":false})"};
  }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::network; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext&) override {
    CO_TRY(const auto arguments, read_arguments(arguments_json));
    CO_TRY(const auto url, net::parse_url(arguments.url));
    policy::Effect effect;
    effect.risk = policy::Risk::network;
    effect.tool = "web_fetch";
    effect.summary = "GET " + printable(arguments.url, 500);
    effect.host = url.host;
    co_return effect;
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(auto arguments, read_arguments(arguments_json));
    CO_TRY(const auto url, net::parse_url(arguments.url));
    if (permit.effect().host != url.host || permit.effect().summary != "GET " + printable(arguments.url, 500))
      co_return fail(Kind::denied, "The permit is for another address than the one asked for.", "Ask again.");
    auto settings = read_settings(context.settings ? context.settings("web.fetch") : "{}");
    auto result = co_await fetch_page(&context.http, &context.time, std::move(arguments), std::move(settings));
    co_return result;
  }
};

} // namespace
} // namespace openclaw::tools::web_fetch

namespace openclaw::ports {
void register_tools_web_fetch(Registry& registry);
void register_tools_web_fetch(Registry& registry) {
  registry.add_tool(std::make_unique<tools::web_fetch::WebFetch>());
}
} // namespace openclaw::ports
