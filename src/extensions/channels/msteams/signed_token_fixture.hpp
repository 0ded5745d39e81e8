// A signing key of a pretended Bot Framework, for tests: makes key sets and tokens as the real one does.
#pragma once
#include "base/json.hpp"
#include "base/text.hpp"
#include <memory>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <span>

namespace openclaw::extensions::msteams {

class SigningFixture {
public:
  explicit SigningFixture(unsigned bits = 2048) : key_(EVP_RSA_gen(bits), EVP_PKEY_free) {}

  static std::string encoded(std::string_view text) {
    return base64url(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }

  std::string sign(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    std::vector<std::uint8_t> signature(2048);
    auto size = signature.size();
    EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                   text.size());
    signature.resize(size);
    return base64url(signature);
  }

  std::string token(const json::object& claims, json::object header = {{"alg", "RS256"}, {"kid", "k1"}}) const {
    const auto text = encoded(to_text(json::value(std::move(header)))) + "." + encoded(to_text(json::value(claims)));
    return text + "." + sign(text);
  }

  json::object jwk(std::string_view id = "k1") const {
    return {{"kty", "RSA"},
            {"use", "sig"},
            {"kid", id},
            {"n", number(OSSL_PKEY_PARAM_RSA_N)},
            {"e", number(OSSL_PKEY_PARAM_RSA_E)},
            {"endorsements", json::array{"msteams"}}};
  }
  std::string key_set(std::string_view id = "k1") const {
    return to_text(json::value(json::object{{"keys", json::array{jwk(id)}}}));
  }

private:
  std::string number(const char* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(BN_num_bytes(value)));
    BN_bn2bin(value, bytes.data());
    BN_free(value);
    return base64url(bytes);
  }
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

} // namespace openclaw::extensions::msteams
