// Fetching one page for a model: guarded on every hop, bounded in size and time, made readable, and marked as
// untrusted.
#pragma once
#include "async/time.hpp"
#include "net/http_client.hpp"
#include "ports/tool.hpp"
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::tools::web_fetch {

struct Settings {
  bool enabled = true;
  std::size_t max_chars = 50'000;
  std::int64_t timeout_ms = 30'000;
  // Hosts ("name" or "name:port") that the owner grants although they are private.
  std::vector<std::string> allow_hosts;
};
// The section tools.web.fetch; what is missing or out of range keeps its default.
Settings read_settings(const std::string& json_text);

struct Arguments {
  std::string url;
  bool markdown = true;
  std::size_t max_chars = 0; // 0: as configured
};
Result<Arguments> read_arguments(const std::string& json_text);

Task<ports::ToolResult> fetch_page(net::HttpClient* http, async::Time* time, Arguments arguments, Settings settings);

} // namespace openclaw::tools::web_fetch
