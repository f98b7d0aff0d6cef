#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/ip.h"

namespace fairlead::net {

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;

// The first reason in OpenSSL's queue, which is the deepest one; empties the queue.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string text = reason != nullptr ? reason : "unknown reason";
  ERR_clear_error();
  return text;
}

BioPtr memory(std::string_view pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) { return 0; }

Result<std::vector<X509Ptr>> read_certificates(std::string_view pem, std::string_view what) {
  std::vector<X509Ptr> all;
  const BioPtr bio = memory(pem);
  ERR_clear_error();
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) all.emplace_back(certificate);
  const unsigned long last = ERR_peek_last_error();
  const bool clean_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (all.empty() || !clean_end) {
    const std::string reason =
        all.empty() && clean_end ? "no PEM certificate (BEGIN CERTIFICATE) in it" : openssl_reason();
    ERR_clear_error();
    return fail(Code::kInvalid, fmt::format("{}: {}", what, reason));
  }
  ERR_clear_error();
  return all;
}

Result<> use_key_pair(SSL_CTX* context, std::string_view certificate_pem, std::string_view key_pem) {
  FL_TRY(const auto chain, read_certificates(certificate_pem, "TLS certificate"));
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
    return fail(Code::kInvalid, fmt::format("TLS certificate: {}", openssl_reason()));
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return fail(Code::kInvalid, fmt::format("TLS certificate chain: {}", openssl_reason()));
    }
  }
  const BioPtr bio = memory(key_pem);
  const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) {
    return fail(Code::kInvalid, fmt::format("TLS private key: no usable unencrypted PEM key: {}", openssl_reason()));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return fail(Code::kInvalid,
                fmt::format("TLS private key does not belong to the certificate: {}", openssl_reason()));
  }
  return {};
}

Result<> trust(SSL_CTX* context, std::string_view ca_pem, bool announce) {
  FL_TRY(const auto authorities, read_certificates(ca_pem, "CA certificate"));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& ca : authorities) {
    if (X509_STORE_add_cert(store, ca.get()) != 1) {
      return fail(Code::kInvalid, fmt::format("CA certificate: {}", openssl_reason()));
    }
    if (announce) SSL_CTX_add_client_CA(context, ca.get());
  }
  return {};
}

// RFC 7301: each name with its length in front.
std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

// Lives as long as the SSL_CTX, which connections keep alive beyond a reload.
int alpn_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* value, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(value); });
  return index;
}

int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void*) {
  const auto* ours = static_cast<std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), alpn_index()));
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours->data()),
                                           static_cast<unsigned>(ours->size()), in, in_size);
  *out = chosen;
  // A client that offers only protocols unknown here goes on without ALPN, as HTTP/1.1.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Result<ContextPtr> new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  if (!context) return fail(Code::kInternal, fmt::format("TLS context: {}", openssl_reason()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Just closing the socket is how most HTTP peers end; HTTP's own framing notices truncation.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections give their record buffers back.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Without resumption every connection proves its certificate against the current trust.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

}  // namespace

struct TlsContext::State {
  ContextPtr context;
  std::string server_name;
  bool verify = true;
};

namespace {

Result<ContextPtr> server_context(const TlsServerConfig& config) {
  FL_TRY(ContextPtr context, new_context(TLS_server_method()));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  FL_CHECK(use_key_pair(context.get(), config.certificate_pem, config.key_pem));
  if (!config.client_ca_pem.empty()) {
    FL_CHECK(trust(context.get(), config.client_ca_pem, true));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!config.alpn.empty()) {
    SSL_CTX_set_ex_data(context.get(), alpn_index(), new std::string(alpn_wire(config.alpn)));
    SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  }
  return context;
}

Result<ContextPtr> client_context(const TlsClientConfig& config) {
  FL_TRY(ContextPtr context, new_context(TLS_client_method()));
  if (config.insecure_skip_verify) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (config.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(context.get());
    } else {
      FL_CHECK(trust(context.get(), config.ca_pem, false));
    }
  }
  if (config.certificate_pem.empty() != config.key_pem.empty()) {
    return fail(Code::kInvalid, fmt::format("TLS client certificate and key go together; the {} is missing",
                                            config.key_pem.empty() ? "key" : "certificate"));
  }
  if (!config.certificate_pem.empty()) {
    FL_CHECK(use_key_pair(context.get(), config.certificate_pem, config.key_pem));
  }
  if (!config.alpn.empty()) {
    const std::string wire = alpn_wire(config.alpn);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::server(TlsServerConfig config) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  made->server_ = true;
  FL_CHECK(made->reload(std::move(config)));
  return made;
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(TlsClientConfig config) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  FL_CHECK(made->reload(std::move(config)));
  return made;
}

Result<> TlsContext::reload(TlsServerConfig config) {
  check(server_, "server certificates given to a client's TLS context");
  auto next = std::make_shared<State>();
  FL_TRY(next->context, server_context(config));
  swap(std::move(next));
  return {};
}

Result<> TlsContext::reload(TlsClientConfig config) {
  check(!server_, "client configuration given to a server's TLS context");
  auto next = std::make_shared<State>();
  FL_TRY(next->context, client_context(config));
  next->server_name = config.server_name;
  next->verify = !config.insecure_skip_verify;
  swap(std::move(next));
  return {};
}

std::shared_ptr<const TlsContext::State> TlsContext::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void TlsContext::swap(std::shared_ptr<const State> next) {
  const std::lock_guard lock(mutex_);
  state_ = std::move(next);
}

Result<ssl_st*> TlsContext::new_session(std::string_view host) const {
  const auto now = state();
  SSL* ssl = SSL_new(now->context.get());
  if (ssl == nullptr) return fail(Code::kInternal, fmt::format("TLS session: {}", openssl_reason()));
  if (server_) {
    SSL_set_accept_state(ssl);
    return ssl;
  }
  SSL_set_connect_state(ssl);
  const std::string name = now->server_name.empty() ? std::string(host) : now->server_name;
  const bool is_address = IpAddress::parse(name).has_value();
  // RFC 6066, 3: addresses are not sent as server names.
  if (!is_address) SSL_set_tlsext_host_name(ssl, name.c_str());
  if (now->verify) {
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str())
                               : SSL_set1_host(ssl, name.c_str());
    if (set != 1) {
      SSL_free(ssl);
      return fail(Code::kInvalid, fmt::format("TLS server name \"{}\": {}", name, openssl_reason()));
    }
  }
  return ssl;
}

}  // namespace fairlead::net
