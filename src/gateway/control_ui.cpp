#include "gateway/control_ui.hpp"

#include "async/offload.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "gateway/http_route.hpp"
#include <charconv>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kFileBytes = 32 * 1024 * 1024;
constexpr std::string_view kIndex = "index.html";

// Text for a script in a page: "<" could end it.
std::string script_text(const std::string& text) {
  std::string quoted;
  for (const char letter : to_text(json::value(text)))
    if (letter == '<')
      quoted += "\\u003c";
    else
      quoted += letter;
  return quoted;
}

// As a policy names a script: the digest in base64.
std::string script_hash(std::string_view script) {
  const auto hex = sha256_hex(script);
  std::vector<std::uint8_t> digest(hex.size() / 2);
  for (std::size_t i = 0; i < digest.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, digest[i], 16);
  return to_base64(digest);
}

// The page learns where it lies and who answers in a script that its policy allows by hash alone. Styles in attributes
// are the bundle's way; nothing else than this gateway can be reached from it.
net::Response index_page(std::string page, const std::string& base, const ControlUi::Request& request) {
  const auto script =
      fmt::format("window.__OPENCLAW_CONTROL_UI_BASE_PATH__={};window.__OPENCLAW_ASSISTANT_NAME__={};"
                  "window.__OPENCLAW_ASSISTANT_AVATAR__={};",
                  script_text(base), script_text(request.assistant_name), script_text(request.assistant_avatar));
  if (const auto end = page.find("</head>"); end != std::string::npos)
    page.insert(end, fmt::format("<script>{}</script>", script));
  net::Response response{
      200, {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-cache"}}, std::move(page)};
  response.headers.set("Content-Security-Policy",
                       fmt::format("default-src 'none'; script-src 'self' 'sha256-{}'; style-src 'self' "
                                   "'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
                                   "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                                   script_hash(script)));
  return response;
}

// BASE/avatar/AGENT: no agent of this build has a picture, only a letter or a sign.
net::Response avatar(std::string_view query) {
  for (const auto part : split(query, '&'))
    if (part == "meta=1") return json_response(200, R"({"avatarUrl":null})");
  return json_error(404, "This agent has no picture.", "");
}

bool decodable(std::string_view path) {
  return path.find('%') == std::string_view::npos && path.find('\0') == std::string_view::npos &&
         path.find('\\') == std::string_view::npos;
}

} // namespace

Result<ControlUi> ControlUi::open(const std::string& root, std::string base_path) {
  base_path = without_trailing_slashes(base_path);
  if (base_path.empty()) base_path = "/control";
  if (base_path.front() != '/' || !decodable(base_path) || base_path.find("//") != std::string::npos)
    return fail(Kind::invalid, fmt::format("gateway.controlUi.basePath \"{}\" is no path.", printable(base_path, 100)),
                "Use one like /control.");
  struct stat info{};
  if (root.front() != '/' || ::stat((root + "/index.html").c_str(), &info) != 0)
    return fail(Kind::missing, fmt::format("gateway.controlUi.root: there is no {}/index.html.", printable(root, 200)),
                "Name the folder dist/control-ui of OpenClaw's package, as an absolute path, or remove the key.");
  TRY(auto files, sandbox::Workspace::open(root));
  return ControlUi(std::move(base_path), std::make_shared<const sandbox::Workspace>(std::move(files)));
}

Task<net::Response> ControlUi::serve(Request request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = json_error(405, "These are pages to read.", "Use GET.");
    refused.headers.set("Allow", "GET, HEAD");
    co_return refused;
  }
  if (request.path == base_) co_return net::Response{302, {{"Location", base_ + "/"}}, {}};
  auto name = request.path.substr(base_.size() + 1);
  if (name.starts_with("avatar/")) co_return avatar(request.query);
  if (!decodable(name))
    co_return json_error(404, "There is no such page.", fmt::format("The first one is {}/.", base_));
  // A page of the application has no ending; a file that is missing is never answered with a page.
  const auto last = name.substr(name.rfind('/') + 1);
  if (last.find('.') == std::string::npos) name = kIndex;
  std::function<Result<std::string>()> read = [files = files_, name] { return files->read_file(name, kFileBytes); };
  auto content = co_await async::offload<std::string>(std::move(read));
  if (!content) co_return json_error(404, "There is no such file.", fmt::format("The first page is {}/.", base_));
  if (name == kIndex) co_return index_page(std::move(*content), base_, request);
  co_return net::Response{
      200, {{"Content-Type", std::string(media_type_of(name))}, {"Cache-Control", "no-cache"}}, std::move(*content)};
}

} // namespace openclaw::gateway
