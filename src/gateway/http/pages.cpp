// WebChat's files, linked into the program. Only files that exist are served: no path is ever answered with another's
// page.
#include "base/embedded.hpp"
#include "base/hash.hpp"
#include "gateway/http_route.hpp"
#include "gateway/services.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

struct Page {
  std::string_view content;
  std::string type;
  std::string cache;
  std::string tag; // by content, made at the first request
};

bool holds(std::string_view list, std::string_view tag) {
  return list == "*" || list.find(tag) != std::string_view::npos;
}

Task<net::Response> serve(RouteCall call, std::shared_ptr<Page> page) {
  if (page->tag.empty()) page->tag = fmt::format("\"{}\"", sha256_hex(page->content).substr(0, 32));
  net::Response response{200, {{"Content-Type", page->type}, {"Cache-Control", page->cache}, {"ETag", page->tag}}, {}};
  const auto known = call.exchange->request().headers.find("If-None-Match");
  if (known && holds(*known, page->tag))
    response.status = 304;
  else
    response.body = std::string(page->content);
  co_return response;
}

constexpr std::string_view kNoPage =
    "This build of openclaw has no web interface in it (ui/dist was missing when it was built).\n"
    "The gateway itself works: use the command line, or build the web interface with npm run build in ui/ and build "
    "openclaw again.\n";

} // namespace

void register_route_pages(RouteTable& table) {
  const auto add = [&table](std::string path, std::shared_ptr<Page> page) {
    table.add({"GET", std::move(path), [page](RouteCall call) { return serve(std::move(call), page); }, true});
  };
  bool has_index = false;
  for (const auto& file : embedded_ui()) {
    const bool hashed = file.name.starts_with("assets/");
    const auto page = std::make_shared<Page>(Page{file.content,
                                                  std::string(media_type_of(file.name)),
                                                  hashed ? "public, max-age=31536000, immutable" : "no-cache",
                                                  {}});
    add(fmt::format("/{}", file.name), page);
    if (file.name != "index.html") continue;
    has_index = true;
    add("/", page);
  }
  if (!has_index) add("/", std::make_shared<Page>(Page{kNoPage, "text/plain; charset=utf-8", "no-cache", {}}));
}

} // namespace openclaw::gateway
