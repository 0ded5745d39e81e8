// Getting the embedded model: every archive fetched, then unpacked and put in its place. What an interrupted download
// fetched is kept.
#pragma once
#include "async/task.hpp"
#include "async/time.hpp"
#include "extensions/servers/llama/installation.hpp"
#include "extensions/servers/llama/recipe.hpp"
#include "net/http_client.hpp"
#include "ports/model_server.hpp"
#include <functional>
#include <memory>
#include <string>

namespace openclaw::llama {

// The address of a download when `mirror` (empty: none) stands in for its host. Kind::invalid when the mirror is no
// loopback address.
Result<std::string> mirrored(const std::string& url, const std::string& mirror);

Task<> download_and_install(net::HttpClient& http, async::Time& time, std::shared_ptr<const Recipe> recipe,
                            std::shared_ptr<Installation> installation, std::string mirror,
                            std::function<void(ports::DownloadProgress)> progress);

} // namespace openclaw::llama
