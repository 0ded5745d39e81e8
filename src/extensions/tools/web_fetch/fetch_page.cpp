#include "extensions/tools/web_fetch/fetch_page.hpp"

#include "async/offload.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/web_fetch/readable.hpp"
#include "extensions/tools/web_fetch/untrusted.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::tools::web_fetch {
namespace {

constexpr std::size_t kBodyBytes = 2 * 1024 * 1024;
constexpr int kRedirects = 3;
constexpr std::size_t kLeastChars = 100;
constexpr std::size_t kMostChars = 500'000;

struct Page {
  int status = 0;
  std::string url;
  std::string type;    // lower case, without parameters
  std::string charset; // lower case
  std::string body;
  bool cut = false;
};

bool granted(const net::Url& url, const std::vector<std::string>& allow_hosts) {
  for (const auto& entry : allow_hosts) {
    const auto wanted = lowercase_ascii(entry);
    if (wanted == url.host || wanted == url.host + ":" + std::to_string(url.port)) return true;
  }
  return false;
}

void read_content_type(const net::Headers& headers, Page& page) {
  const auto field = lowercase_ascii(headers.find("Content-Type").value_or(""));
  page.type = trim(std::string_view(field).substr(0, field.find(';')));
  const auto at = field.find("charset=");
  if (at == std::string::npos) return;
  auto charset = std::string_view(field).substr(at + 8);
  if (charset.starts_with('"')) charset.remove_prefix(1);
  page.charset = charset.substr(0, charset.find_first_of("\"; "));
}

bool textual(const Page& page) {
  if (page.type.empty()) return page.body.find('\0') == std::string::npos;
  return page.type.starts_with("text/") || page.type.ends_with("+json") || page.type.ends_with("+xml") ||
         page.type == "application/json" || page.type == "application/xml" || page.type == "application/javascript" ||
         page.type == "application/x-ndjson" || page.type == "application/yaml" || page.type == "application/toml";
}

std::string as_utf8(const Page& page) {
  const bool latin = page.charset == "iso-8859-1" || page.charset == "latin1" || page.charset == "windows-1252";
  if (!latin) return to_valid_utf8(page.body);
  std::string out;
  for (const char letter : page.body) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80) {
      out += letter;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

// The bytes of the first `count` code points.
std::size_t bytes_of_chars(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && count-- == 0) break;
  }
  return at;
}

Task<> read_body(std::shared_ptr<net::StreamedResponse> response, async::Time* time, std::int64_t until_ms,
                 Page* page) {
  while (true) {
    auto piece = co_await response->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (!*piece) co_return Result<>{};
    page->body.append(**piece, 0, kBodyBytes - page->body.size());
    if (page->body.size() >= kBodyBytes) {
      page->cut = true;
      co_return Result<>{};
    }
    if (time->monotonic_ms() > until_ms)
      co_return fail(Kind::timeout, fmt::format("{} did not arrive in time.", page->url),
                     "Try again later or use another source.");
  }
}

Task<Page> get(net::HttpClient* http, async::Time* time, std::string address, Settings settings) {
  const auto until = time->monotonic_ms() + settings.timeout_ms;
  for (int hop = 0; hop <= kRedirects; ++hop) {
    CO_TRY(const auto url, net::parse_url(address));
    if (url.scheme != "http" && url.scheme != "https")
      co_return fail(Kind::invalid, "Only http and https pages can be fetched.", "Use a https:// address.");
    const auto left = until - time->monotonic_ms();
    if (left <= 0)
      co_return fail(Kind::timeout, fmt::format("{} did not answer in time.", address), "Try again later.");
    net::Outbound request("GET", address);
    request.egress = granted(url, settings.allow_hosts) ? net::Egress::configured : net::Egress::public_only;
    request.headers.set("Accept", "text/markdown, text/html;q=0.9, text/plain;q=0.8, */*;q=0.1");
    request.connect_timeout_ms = std::min<std::int64_t>(left, 10'000);
    request.first_byte_timeout_ms = left;
    request.idle_timeout_ms = left;
    request.body_limit = std::size_t{1} << 40; // read_body() stops long before
    CO_TRY(auto response, co_await http->open(std::move(request)));
    const auto location = response->headers().find("Location");
    if (response->status() >= 300 && response->status() < 400 && location) {
      CO_TRY(address, net::resolve_url(url, *location));
      if (url.tls() && !address.starts_with("https:"))
        co_return fail(Kind::denied, fmt::format("{} redirects from https to an unprotected address.", url.host),
                       "Fetch that address itself if you trust it.");
      continue;
    }
    Page page;
    page.status = response->status();
    page.url = response->final_url();
    read_content_type(response->headers(), page);
    CO_TRY_VOID(co_await read_body(response, time, until, &page));
    co_return page;
  }
  co_return fail(Kind::remote, fmt::format("The page redirects more than {} times.", kRedirects),
                 "Use the address at the end.");
}

struct Text {
  std::string title;
  std::string text;
};

Text text_of(const Page& page, bool markdown, std::size_t max_chars) {
  auto text = as_utf8(page);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const bool html = page.type == "text/html" || page.type == "application/xhtml+xml" ||
                    (page.type.empty() && lowercase_ascii(text.substr(0, 512)).find("<html") != std::string::npos);
  if (!html) return {"", std::move(text)};
  auto readable = readable_html(text, page.url, markdown, max_chars * 4 + 4096);
  return {std::move(readable.title), std::move(readable.text)};
}

ports::ToolResult compose(const Page& page, Text content, std::size_t max_chars) {
  const auto end = bytes_of_chars(content.text, max_chars);
  const bool truncated = page.cut || end < content.text.size();
  content.text.resize(end);
  std::string provenance =
      fmt::format("URL: {}\nStatus: {}\nType: {}", page.url, page.status, page.type.empty() ? "unknown" : page.type);
  if (!content.title.empty()) provenance += "\nTitle: " + printable(content.title, 500);
  if (truncated) provenance += fmt::format("\nOnly the first part of it is shown ({} bytes).", content.text.size());
  SystemRandom random;
  auto result = ports::text_result(wrap_untrusted(content.text, provenance, random));
  result.is_error = page.status >= 400;
  json::object details;
  details["url"] = page.url;
  details["status"] = page.status;
  details["contentType"] = page.type;
  details["title"] = content.title;
  details["truncated"] = truncated;
  details["bytes"] = page.body.size();
  result.details_json = json::serialize(details);
  return result;
}

} // namespace

Settings read_settings(const std::string& json_text) {
  Settings settings;
  const auto value = parse_json(json_text.empty() ? "{}" : json_text, "tools.web.fetch");
  if (!value) return settings;
  settings.enabled = bool_or(*value, "enabled", true);
  const auto chars = integer_or(*value, "maxChars", static_cast<std::int64_t>(settings.max_chars));
  settings.max_chars = static_cast<std::size_t>(std::clamp<std::int64_t>(chars, kLeastChars, kMostChars));
  settings.timeout_ms = std::clamp<std::int64_t>(integer_or(*value, "timeoutSeconds", 30), 1, 300) * 1000;
  const auto* hosts = find(*value, "allowHosts");
  if (hosts != nullptr && hosts->is_array())
    for (const auto& host : hosts->get_array())
      if (host.is_string()) settings.allow_hosts.emplace_back(host.get_string());
  return settings;
}

Result<Arguments> read_arguments(const std::string& json_text) {
  TRY(const auto value, parse_json(json_text, "arguments of web_fetch"));
  Arguments arguments;
  arguments.url = trim(string_or(value, "url"));
  if (arguments.url.empty()) return fail(Kind::invalid, "web_fetch needs a url.", "Pass {\"url\": \"https://...\"}.");
  arguments.markdown = string_or(value, "extractMode", "markdown") != "text";
  const auto chars = integer_or(value, "maxChars", 0);
  if (chars != 0)
    arguments.max_chars = static_cast<std::size_t>(std::clamp<std::int64_t>(chars, kLeastChars, kMostChars));
  return arguments;
}

Task<ports::ToolResult> fetch_page(net::HttpClient* http, async::Time* time, Arguments arguments, Settings settings) {
  if (!settings.enabled)
    co_return fail(Kind::denied, "Fetching web pages is switched off.",
                   "The owner can set tools.web.fetch.enabled to true.");
  // What the owner configured is the most; a model may ask for less.
  const auto max_chars =
      arguments.max_chars == 0 ? settings.max_chars : std::min(arguments.max_chars, settings.max_chars);
  CO_TRY(auto fetched, co_await get(http, time, arguments.url, settings));
  const auto page = std::make_shared<const Page>(std::move(fetched));
  if (!textual(*page)) {
    auto result =
        ports::text_result(fmt::format("The page is not text but {} ({} bytes{}), which web_fetch does not show.",
                                       page->type.empty() ? "binary data" : printable(page->type, 100),
                                       page->body.size(), page->cut ? " or more" : ""));
    result.is_error = true;
    co_return result;
  }
  std::function<Result<Text>()> work = [page, markdown = arguments.markdown, max_chars] {
    return Result<Text>(text_of(*page, markdown, max_chars));
  };
  CO_TRY(auto content, co_await async::offload<Text>(std::move(work)));
  co_return compose(*page, std::move(content), max_chars);
}

} // namespace openclaw::tools::web_fetch
