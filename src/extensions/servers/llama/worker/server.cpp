#include "extensions/servers/llama/worker/server.hpp"

#include "base/secret.hpp"
#include "extensions/servers/llama/worker/generate.hpp"
#include "extensions/servers/llama/worker/queue.hpp"
#include "extensions/servers/llama/worker/reception.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>
#include <tuple>

namespace openclaw::llama_worker {
namespace {

constexpr std::size_t kLongestKey = 256;

struct Options {
  ModelOptions model;
  std::string name = "local";
  PromptFormat format = PromptFormat::dialogue;
  int listener = -1;
};

struct Shared {
  Options options;
  JobQueue queue;
  std::atomic<bool> ready = false;
};

bool read_number(std::string_view text, int low, int high, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= low && number <= high;
}

bool read_option(std::string_view name, std::string_view value, Options& options) {
  if (name == "--libraries") return !(options.model.library_folder = value).empty();
  if (name == "--model") return !(options.model.model_file = value).empty();
  if (name == "--name") return !(options.name = value).empty();
  if (name == "--listen-fd") return read_number(value, 3, 1 << 20, options.listener);
  if (name == "--context") return read_number(value, 256, 32768, options.model.context_tokens);
  if (name == "--threads") return read_number(value, 1, 256, options.model.threads);
  if (name == "--format") {
    options.format = value == "gemma" ? PromptFormat::gemma : PromptFormat::dialogue;
    return value == "gemma" || value == "dialogue";
  }
  return false;
}

bool read_options(int argc, char** argv, Options& options) {
  options.model.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !read_option(argv[i], argv[i + 1], options)) return false;
  }
  return options.listener >= 0 && !options.model.library_folder.empty() && !options.model.model_file.empty();
}

void answer_whole(Job& job, Generator& generator, const std::vector<LlamaToken>& tokens, const Prompt& prompt,
                  const ChatAnswer& answer) {
  std::string text;
  const auto generated = generator.generate(
      tokens, job.request, prompt.stop, [&](std::string_view piece) { text += piece; },
      [&] { return job.connection.client_is_gone(); });
  if (!generated) {
    job.connection.write(error_response(generated.error()));
  } else if (!generated->cancelled) {
    job.connection.write(json_response(200, answer.whole(text, generated->finish_reason, generated->usage)));
  }
}

void answer_streaming(Job& job, Generator& generator, const std::vector<LlamaToken>& tokens, const Prompt& prompt,
                      const ChatAnswer& answer) {
  auto& connection = job.connection;
  connection.write(event_stream_head() + event(answer.first_chunk()));
  const auto generated = generator.generate(
      tokens, job.request, prompt.stop,
      [&](std::string_view piece) { connection.write(event(answer.text_chunk(piece))); },
      [&] { return connection.client_is_gone(); });
  if (!generated) {
    // The status is sent already; the error goes into the stream.
    const auto response = error_response(generated.error());
    connection.write(event(std::string_view(response).substr(response.find("\r\n\r\n") + 4)));
    return;
  }
  if (generated->cancelled) return;
  std::string end = event(answer.last_chunk(generated->finish_reason));
  if (job.request.include_usage) end += event(answer.usage_chunk(generated->usage));
  connection.write(end + event("[DONE]"));
}

void complete(Job job, Generator& generator, const Options& options, int number) {
  if (job.connection.client_is_gone()) return;
  const auto prompt = render_prompt(job.request.messages, options.format);
  const auto tokens = generator.tokenize(prompt);
  if (!tokens) {
    job.connection.write(error_response(tokens.error()));
    return;
  }
  const auto now = std::time(nullptr);
  const ChatAnswer answer("chatcmpl-" + std::to_string(now) + "-" + std::to_string(number), now, options.name);
  (job.request.stream ? answer_streaming : answer_whole)(job, generator, *tokens, prompt, answer);
}

void compute(Shared& shared) noexcept {
  auto generator = Generator::load(shared.options.model);
  if (!generator) {
    std::fprintf(stderr, "llama worker: %s\n", generator.error().c_str());
    _exit(1);
  }
  shared.ready = true;
  for (int number = 1;; ++number)
    complete(shared.queue.pop(), **generator, shared.options, number);
}

void enqueue_chat(Connection connection, std::string_view body, Shared& shared) {
  auto request = parse_chat_request(body);
  if (!request) {
    connection.write_at_once(error_response(request.error()));
    return;
  }
  auto refused = shared.queue.push({std::move(connection), std::move(*request)});
  if (refused) {
    refused->connection.write_at_once(
        error_response({503, "too many requests are waiting", "server_error", "overloaded"}));
  }
}

// Any user of the machine can connect to the socket: only who knows the key is served.
std::optional<ApiError> admit(const HttpHead& head, const Secret& key) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = head.authorization;
  if (given.starts_with(kScheme) && key.matches(given.substr(kScheme.size()))) return std::nullopt;
  return ApiError{401, "the key is missing or wrong", "invalid_request_error", "invalid_api_key"};
}

void serve(Connection connection, const Request& request, Shared& shared) {
  const auto& [method, path] = std::tie(request.head.method, request.head.path);
  const bool is_chat = path == "/v1/chat/completions";
  if (!is_chat && path != "/health" && path != "/v1/models") {
    connection.write_at_once(error_response({404, "there is no such path", "invalid_request_error", "not_found"}));
  } else if (method != (is_chat ? "POST" : "GET")) {
    connection.write_at_once(error_response({405, "the method does not fit the path"}));
  } else if (is_chat) {
    enqueue_chat(std::move(connection), request.body, shared);
  } else if (path == "/v1/models") {
    connection.write_at_once(json_response(200, model_list(shared.options.name)));
  } else if (shared.ready) {
    connection.write_at_once(json_response(200, R"({"status":"ok"})"));
  } else {
    connection.write_at_once(json_response(503, R"({"status":"loading"})"));
  }
}

// The first line of standard input. Byte by byte, so that nothing after it is taken.
Secret read_key() {
  std::string key;
  char byte = 0;
  while (key.size() <= kLongestKey && read(STDIN_FILENO, &byte, 1) == 1) {
    if (byte == '\n') return Secret(std::move(key));
    key += byte;
  }
  return {};
}

} // namespace

int run_llama_worker(int argc, char** argv) try {
  Shared shared;
  if (!read_options(argc, argv, shared.options)) {
    std::fputs("llama worker: wrong arguments\n", stderr);
    return 2;
  }
  const auto key = read_key();
  if (key.empty()) {
    std::fputs("llama worker: no key came on standard input\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::thread(compute, std::ref(shared)).detach();
  Reception reception(
      shared.options.listener, STDIN_FILENO, [&](const HttpHead& head) { return admit(head, key); },
      [&](Connection connection, Request request) { serve(std::move(connection), request, shared); });
  reception.run();
  // The other thread still uses what this function owns.
  _exit(0);
} catch (const std::exception& error) {
  std::fprintf(stderr, "llama worker: %s\n", error.what());
  _exit(1);
}

} // namespace openclaw::llama_worker
