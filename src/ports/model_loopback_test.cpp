// The dialects over the real client and a real socket.
#include "net/http_server.hpp"
#include "ports/fake_model_sink.hpp"
#include "ports/registry.hpp"
#include <gtest/gtest.h>

namespace openclaw::ports {
void register_models_openai_completions(Registry& registry);
namespace {

Task<> serve(std::shared_ptr<net::Exchange> exchange) {
  auto body = co_await exchange->body();
  if (!body) co_return std::unexpected(body.error());
  if (body->find("\"busy\"") != std::string::npos) {
    net::Response refusal{
        429, {{"Content-Type", "application/json"}, {"Retry-After", "3"}}, R"({"error":{"message":"slow down"}})"};
    co_return co_await exchange->respond(std::move(refusal));
  }
  net::Response head{200, {{"Content-Type", "text/event-stream"}}, {}};
  CO_TRY(auto stream, co_await exchange->stream(std::move(head)));
  const std::string bytes = "data: {\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\"l’été\"}}]}\n\n"
                            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  for (const char byte : bytes) {
    std::string piece(1, byte);
    CO_TRY_VOID(co_await stream->write(std::move(piece)));
  }
  co_return co_await stream->finish();
}

Task<std::string> talk(net::HttpServer* server, async::Scope* scope, net::HttpClient* client, Dialect* dialect) {
  server->start(*scope);
  std::string out;
  for (const auto* model : {"good", "busy", "good"}) {
    ModelEndpoint endpoint;
    endpoint.provider = "local";
    endpoint.base_url = "http://127.0.0.1:" + std::to_string(server->port()) + "/v1";
    ModelRequest request;
    request.model = model;
    Message user;
    user.content = {TextBlock{"hi"}};
    request.messages = {user};
    FakeModelSink sink;
    auto shared = std::make_shared<const ModelRequest>(std::move(request));
    auto reply = co_await dialect->stream(*client, endpoint, std::move(shared), sink);
    out += (reply ? sketch(*reply) : std::string(kind_name(reply.error().kind)) + " " + reply.error().code) + "; ";
  }
  server->stop();
  scope->cancel();
  CO_TRY_VOID(co_await scope->join());
  co_return out;
}

TEST(ModelLoopback, RepliesAndRefusalsArriveOverARealSocketByteByByte) {
  boost::asio::io_context loop;
  auto server = net::HttpServer::listen(loop.get_executor(), {{"127.0.0.1", 0}}, {}, serve);
  ASSERT_TRUE(server) << server.error().text();
  auto client = net::make_http_client(loop.get_executor(), {});
  async::Scope scope(loop.get_executor());
  Registry registry;
  register_models_openai_completions(registry);
  const auto out =
      async::run(loop, talk(server->get(), &scope, client.get(), registry.find_dialect("openai-completions")));
  ASSERT_TRUE(out) << out.error().text();
  EXPECT_EQ(*out, "[l’été] stop 0+0+0+0; busy retry-after-ms=3000; [l’été] stop 0+0+0+0; ");
}

} // namespace
} // namespace openclaw::ports
