#include "net/server_fixture.hpp"
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

namespace openclaw::net {
namespace {

namespace asio = boost::asio;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, async::Executor>;
using TlsSocket = asio::ssl::stream<Socket>;

// A self-signed certificate for 127.0.0.1 and good.example, as files of a temporary folder.
class Certificate {
public:
  Certificate() : folder_(std::filesystem::temp_directory_path() / ("openclaw-tls-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("openclaw test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "IP:127.0.0.1,DNS:good.example");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    FILE* file = std::fopen(certificate_path().c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_path().c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() { std::filesystem::remove_all(folder_); }
  std::string certificate_path() const { return (folder_ / "certificate.pem").string(); }
  std::string key_path() const { return (folder_ / "key.pem").string(); }

private:
  std::filesystem::path folder_;
};

// Answers requests over TLS; with `tunnel`, only after a CONNECT on the same connection.
Task<> serve_tls(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<asio::ssl::context> context, bool tunnel) {
  while (true) {
    CO_TRY_VOID(co_await async::check_cancelled());
    auto [code, socket] = co_await acceptor->async_accept(async::use_task);
    if (code) co_return Result<>{};
    std::array<char, 4096> memory{};
    if (tunnel) {
      auto [tunnel_code, tunnel_count] = co_await socket.async_read_some(asio::buffer(memory), async::use_task);
      const std::string_view request(memory.data(), tunnel_count);
      const bool fits = request.starts_with("CONNECT good.example:443 HTTP/1.1\r\n") &&
                        request.find("\r\nProxy-Authorization: Basic dTpw\r\n") != std::string_view::npos;
      const std::string answer = fits ? "HTTP/1.1 200 fine\r\n\r\n" : "HTTP/1.1 407 no\r\n\r\n";
      auto [write_code, written] = co_await asio::async_write(socket, asio::buffer(answer), async::use_task);
      if (tunnel_code || write_code) continue;
    }
    TlsSocket stream(std::move(socket), *context);
    auto [shaken] = co_await stream.async_handshake(asio::ssl::stream_base::server, async::use_task);
    while (!shaken) {
      auto [read_code, count] = co_await stream.async_read_some(asio::buffer(memory), async::use_task);
      if (read_code) break;
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";
      auto [write_code, written] = co_await asio::async_write(stream, asio::buffer(answer), async::use_task);
      if (write_code) break;
    }
  }
}

class TlsTest : public testing::ServerFixture {
public:
  void start(bool tunnel = false) {
    context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->use_certificate_chain_file(certificate.certificate_path());
    context->use_private_key_file(certificate.key_path(), asio::ssl::context::pem);
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    acceptor = std::make_shared<Acceptor>(loop.get_executor(), any);
    port = acceptor->local_endpoint().port();
    scope.spawn("tls", serve_tls(acceptor, context, tunnel));
  }
  Certificate certificate;
  std::shared_ptr<asio::ssl::context> context;
  std::shared_ptr<Acceptor> acceptor;
  int port = 0;
};

TEST_F(TlsTest, FetchesFromAServerWhoseAuthorityIsKnown) {
  start();
  ClientConfig config;
  config.ca_file = certificate.certificate_path();
  make_client(config);
  for (int i = 0; i < 2; ++i) {
    auto response = run(client->fetch(Outbound("GET", "https://127.0.0.1:" + std::to_string(port) + "/")));
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->body, "secure");
  }
}

TEST_F(TlsTest, SaysWhyACertificateIsNotTrusted) {
  start();
  ClientConfig config;
  make_client(config);
  auto unknown = run(client->fetch(Outbound("GET", "https://127.0.0.1:" + std::to_string(port) + "/")));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("self-signed"), std::string::npos) << unknown.error().text();
}

TEST_F(TlsTest, ChecksTheNameInTheCertificate) {
  start();
  ClientConfig config;
  config.ca_file = certificate.certificate_path();
  make_client(config);
  auto wrong = run(client->fetch(Outbound("GET", "https://localhost:" + std::to_string(port) + "/")));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("mismatch"), std::string::npos) << wrong.error().text();
}

TEST_F(TlsTest, GoesThroughAProxysTunnel) {
  start(true);
  ClientConfig config;
  config.ca_file = certificate.certificate_path();
  config.https_proxy = "http://u:p@127.0.0.1:" + std::to_string(port);
  make_client(config);
  auto response = run(client->fetch(Outbound("GET", "https://good.example/")));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->body, "secure");
  config.https_proxy = "http://127.0.0.1:" + std::to_string(port);
  make_client(config);
  response = run(client->fetch(Outbound("GET", "https://good.example/")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, kNotSent);
  EXPECT_NE(response.error().text().find("wants a user name and password"), std::string::npos)
      << response.error().text();
}

TEST_F(TlsTest, SaysThatThePortDoesNotSpeakTls) {
  serve([](std::shared_ptr<Exchange> exchange) -> Task<> {
    Response response;
    co_return co_await exchange->respond(std::move(response));
  });
  make_client();
  auto response = run(client->fetch(Outbound("GET", "https://127.0.0.1:" + std::to_string(server->port()) + "/")));
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("TLS"), std::string::npos);
}

} // namespace
} // namespace openclaw::net
