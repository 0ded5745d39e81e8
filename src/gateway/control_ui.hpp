// OpenClaw's Control UI, served from a folder of its files (gateway.controlUi.root) below one path. Every file is
// opened beneath that folder by the kernel's rules; a page of the application is answered with its index.html.
#pragma once
#include "async/task.hpp"
#include "net/http.hpp"
#include "sandbox/workspace.hpp"
#include <memory>
#include <string>
#include <string_view>

namespace openclaw::gateway {

class ControlUi {
public:
  // `base_path` empty: /control. Kind::missing when the folder has no index.html; Kind::invalid for an unusable path.
  static Result<ControlUi> open(const std::string& root, std::string base_path);

  bool has(std::string_view path) const { return path == base_ || path.starts_with(base_ + "/"); }
  struct Request {
    std::string method;
    std::string path;
    std::string query;
    std::string assistant_name;
    std::string assistant_avatar;
  };
  Task<net::Response> serve(Request request) const;
  const std::string& base_path() const { return base_; }

private:
  ControlUi(std::string base, std::shared_ptr<const sandbox::Workspace> files)
      : base_(std::move(base)), files_(std::move(files)) {}
  std::string base_; // "/control"
  std::shared_ptr<const sandbox::Workspace> files_;
};

} // namespace openclaw::gateway
