#include "net/tls_stream.hpp"

#include "net/stream_buffers.hpp"
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

namespace openclaw::net {
namespace asio = boost::asio;

class TlsContext {
public:
  TlsContext() : context(asio::ssl::context::tls_client) {}
  asio::ssl::context context;
};

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",
};

using TlsSocket = asio::ssl::stream<Socket>;

class TlsStream final : public Stream {
public:
  TlsStream(std::shared_ptr<TlsContext> context, Socket socket)
      : context_(std::move(context)), socket_(std::move(socket), context_->context) {
    tune_socket(socket_.next_layer());
  }

  TlsSocket& socket() { return socket_; }

  Task<std::string_view> read() override {
    CO_TRY_VOID(co_await async::check_cancelled());
    buffer_.resize(kReadBytes);
    auto [code, count] = co_await socket_.async_read_some(asio::buffer(buffer_), async::use_task);
    if (code == asio::error::eof) co_return std::string_view{};
    if (code) co_return std::unexpected(async::error_from(code, "Reading from the TLS connection"));
    co_return std::string_view(buffer_.data(), count);
  }

  Task<> write(std::vector<std::string_view> parts) override {
    CO_TRY_VOID(co_await async::check_cancelled());
    const auto buffers = as_buffers(parts);
    auto [code, count] = co_await asio::async_write(socket_, buffers, async::use_task);
    (void)count;
    if (code) co_return std::unexpected(async::error_from(code, "Writing to the TLS connection"));
    co_return Result<>{};
  }

  void read_some(std::function<void(Code, std::string_view)> done) override {
    buffer_.resize(kReadBytes);
    socket_.async_read_some(asio::buffer(buffer_), [this, done = std::move(done)](Code code, std::size_t count) {
      done(code, std::string_view(buffer_.data(), count));
    });
  }

  void write_some(std::vector<std::string_view> parts, std::function<void(Code, std::size_t)> done) override {
    socket_.async_write_some(as_buffers(parts), std::move(done));
  }

  void cancel() override {
    Code ignored;
    socket_.next_layer().cancel(ignored);
  }
  void close() override {
    Code ignored;
    socket_.next_layer().close(ignored);
  }
  void finish_sending() override {
    Code ignored;
    socket_.next_layer().shutdown(Socket::shutdown_send, ignored);
  }
  bool quiet() override { return SSL_pending(socket_.native_handle()) == 0 && socket_is_quiet(socket_.next_layer()); }
  std::string peer_address() const override { return address_of_peer(socket_.next_layer()); }
  async::Executor executor() override { return socket_.get_executor(); }

private:
  std::shared_ptr<TlsContext> context_;
  TlsSocket socket_;
  std::vector<char> buffer_;
};

std::string openssl_reason() {
  const auto number = ERR_get_error();
  if (number == 0) return "unknown";
  const char* reason = ERR_reason_error_string(number);
  return reason != nullptr ? reason : fmt::format("error {}", number);
}

Error handshake_error(TlsSocket& socket, const Stream::Code& code, const std::string& host) {
  if (code == asio::error::operation_aborted) return async::error_from(code, "The TLS handshake");
  const auto verified = SSL_get_verify_result(socket.native_handle());
  if (verified != X509_V_OK)
    return {Kind::remote,
            fmt::format("The certificate of {} is not trusted: {}.", host, X509_verify_cert_error_string(verified)),
            "Check the address and this machine's clock; a private authority goes into SSL_CERT_FILE.",
            {}};
  const bool ended =
      code == asio::error::eof || code == asio::ssl::error::stream_truncated || code == asio::error::connection_reset;
  if (ended)
    return {Kind::transient,
            fmt::format("{} closed the connection during the TLS handshake.", host),
            "Check that the port speaks TLS.",
            {}};
  return {Kind::remote,
          fmt::format("The TLS handshake with {} failed: {}.", host, code.message()),
          "Check that the port speaks TLS 1.2 or newer.",
          {}};
}

} // namespace

Result<std::shared_ptr<TlsContext>> load_tls_context(const std::string& ca_file) {
  std::string file = ca_file;
  for (const auto* bundle : kBundles)
    if (file.empty() && ::access(bundle, R_OK) == 0) file = bundle;
  if (file.empty())
    return fail(Kind::missing, "No bundle of certificate authorities was found on this machine.",
                "Install ca-certificates, or name a bundle in SSL_CERT_FILE.");
  auto made = std::make_shared<TlsContext>();
  SSL_CTX* context = made->context.native_handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  if (SSL_CTX_load_verify_file(context, file.c_str()) != 1)
    return fail(Kind::invalid,
                fmt::format("The certificate authorities in {} could not be loaded: {}.", file, openssl_reason()),
                "Check SSL_CERT_FILE; it must name a readable PEM file.");
  return made;
}

Task<std::unique_ptr<Stream>> start_tls(std::shared_ptr<TlsContext> context, Socket socket, std::string host,
                                        std::shared_ptr<Deadline> deadline) {
  auto stream = std::make_unique<TlsStream>(std::move(context), std::move(socket));
  SSL* tls = stream->socket().native_handle();
  X509_VERIFY_PARAM* parameters = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool named = X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  if (!named)
    named = X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0) == 1 &&
            SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
  ERR_clear_error();
  if (!named)
    co_return fail(Kind::invalid, fmt::format("\"{}\" cannot be verified by TLS.", host), "Check the address.");
  const Deadline::Step step(deadline, [raw = stream.get()] { raw->cancel(); });
  auto [code] = co_await stream->socket().async_handshake(asio::ssl::stream_base::client, async::use_task);
  if (code) co_return std::unexpected(handshake_error(stream->socket(), code, host));
  std::unique_ptr<Stream> ready = std::move(stream);
  co_return ready;
}

} // namespace openclaw::net
