// The ciphertext: 12 bytes of nonce ‖ AES-256-GCM ciphertext ‖ 16 bytes of tag.
#include "crypto/pkcs11_cipher.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "crypto/random.h"

namespace tokenvault {
namespace {

constexpr size_t kGcmNonceSize = 12;
constexpr size_t kGcmTagSize = 16;
constexpr CK_ULONG kAesKeySize = 32;

absl::Status Closed(absl::string_view why) {
  return errors::RootSourceClosed(why);
}

CK_BYTE_PTR TokenBytes(absl::string_view text) {
  return reinterpret_cast<CK_BYTE_PTR>(const_cast<char*>(text.data()));
}

using Uri = std::unique_ptr<P11KitUri, decltype(&p11_kit_uri_free)>;

absl::StatusOr<Uri> ParseTokenUri(const std::string& text) {
  Uri uri(p11_kit_uri_new(), &p11_kit_uri_free);
  if (uri == nullptr ||
      p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_OBJECT_ON_TOKEN,
                        uri.get()) != P11_KIT_URI_OK ||
      p11_kit_uri_any_unrecognized(uri.get()) != 0) {
    return errors::RootKeyInvalid(
        "the uri is no PKCS#11 URI; write \"pkcs11:token=LABEL;object=LABEL\"");
  }
  return uri;
}

// One login to the token, from the loading of the library to its end.
class TokenSession {
 public:
  static absl::StatusOr<std::unique_ptr<TokenSession>> Open(
      const Pkcs11Key& key) {
    std::unique_ptr<TokenSession> session(new TokenSession());
    ASSIGN_OR_RETURN(session->uri_, ParseTokenUri(key.uri));
    ASSIGN_OR_RETURN(Secret pin, ReadSecretFile(key.pin_file));
    RETURN_IF_ERROR(session->Load(key.module));
    ASSIGN_OR_RETURN(CK_SLOT_ID slot, session->FindSlot());
    if (session->p11_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                     nullptr, nullptr,
                                     &session->session_) != CKR_OK) {
      return Closed("the token takes no session");
    }
    session->has_session_ = true;
    const CK_RV login = session->p11_->C_Login(
        session->session_, CKU_USER, TokenBytes(pin.Reveal()), pin.size());
    if (login == CKR_PIN_INCORRECT || login == CKR_PIN_LEN_RANGE ||
        login == CKR_PIN_INVALID) {
      return errors::RootKeyInvalid("the token says that the PIN is wrong");
    }
    if (login == CKR_PIN_LOCKED) {
      return errors::RootKeyInvalid(
          "the token has locked its PIN; its security officer must set it "
          "anew");
    }
    if (login != CKR_OK && login != CKR_USER_ALREADY_LOGGED_IN) {
      return Closed("the token takes no login");
    }
    return session;
  }

  ~TokenSession() {
    if (has_session_) {
      p11_->C_Logout(session_);
      p11_->C_CloseSession(session_);
    }
    if (initialized_) p11_kit_module_finalize(p11_);
    if (p11_ != nullptr) p11_kit_module_release(p11_);
  }
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  // What the URI says of the key, and that it is one for us.
  absl::StatusOr<CK_OBJECT_HANDLE> FindKey() const {
    std::vector<CK_ATTRIBUTE> wanted = Named();
    CK_OBJECT_CLASS object_class = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_AES;
    wanted.push_back({CKA_CLASS, &object_class, sizeof(object_class)});
    wanted.push_back({CKA_KEY_TYPE, &type, sizeof(type)});
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    if (p11_->C_FindObjectsInit(session_, wanted.data(), wanted.size()) !=
        CKR_OK) {
      return Closed("the token does not say which keys it has");
    }
    const CK_RV searched = p11_->C_FindObjects(session_, found, 2, &count);
    p11_->C_FindObjectsFinal(session_);
    if (searched != CKR_OK || count == 0) {
      return Closed("the token has no such AES key");
    }
    if (count > 1) {
      return errors::RootKeyInvalid(
          "the uri names more than one AES key; say which by object= or id=");
    }
    return found[0];
  }

  absl::Status MakeKey() {
    std::vector<CK_ATTRIBUTE> fresh = Named();
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_ULONG size = kAesKeySize;
    fresh.push_back({CKA_TOKEN, &yes, sizeof(yes)});
    fresh.push_back({CKA_PRIVATE, &yes, sizeof(yes)});
    fresh.push_back({CKA_SENSITIVE, &yes, sizeof(yes)});
    fresh.push_back({CKA_EXTRACTABLE, &no, sizeof(no)});
    fresh.push_back({CKA_ENCRYPT, &yes, sizeof(yes)});
    fresh.push_back({CKA_DECRYPT, &yes, sizeof(yes)});
    fresh.push_back({CKA_VALUE_LEN, &size, sizeof(size)});
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    if (p11_->C_GenerateKey(session_, &mechanism, fresh.data(), fresh.size(),
                            &made) != CKR_OK) {
      return errors::RootKeyInvalid("the token does not make an AES-256 key");
    }
    return absl::OkStatus();
  }

  // A key that can be read out protects nothing more than a file does.
  absl::Status CheckStays(CK_OBJECT_HANDLE key) const {
    CK_BBOOL extractable = CK_TRUE;
    CK_ATTRIBUTE asked = {CKA_EXTRACTABLE, &extractable, sizeof(extractable)};
    if (p11_->C_GetAttributeValue(session_, key, &asked, 1) != CKR_OK ||
        extractable != CK_FALSE) {
      return errors::RootKeyInvalid(
          "the key on the token can be extracted; make one that cannot");
    }
    return absl::OkStatus();
  }

  // One GCM operation, either way.
  absl::StatusOr<Secret> Run(bool encrypts, CK_OBJECT_HANDLE key,
                             absl::string_view nonce, absl::string_view context,
                             absl::string_view input) const {
    CK_GCM_PARAMS gcm = {};
    gcm.pIv = TokenBytes(nonce);
    gcm.ulIvLen = nonce.size();
    gcm.ulIvBits = nonce.size() * 8;
    gcm.pAAD = TokenBytes(context);
    gcm.ulAADLen = context.size();
    gcm.ulTagBits = kGcmTagSize * 8;
    CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof(gcm)};
    const CK_RV begun = encrypts
                            ? p11_->C_EncryptInit(session_, &mechanism, key)
                            : p11_->C_DecryptInit(session_, &mechanism, key);
    if (begun != CKR_OK) {
      return errors::RootKeyInvalid(
          "the token does not use this key for AES-GCM");
    }
    // Some tokens want room for more than they will write.
    Secret output = Secret::OfSize(input.size() + 2 * kGcmTagSize);
    CK_ULONG size = output.size();
    auto* into = reinterpret_cast<CK_BYTE_PTR>(output.mutable_data());
    const CK_RV ran = encrypts ? p11_->C_Encrypt(session_, TokenBytes(input),
                                                 input.size(), into, &size)
                               : p11_->C_Decrypt(session_, TokenBytes(input),
                                                 input.size(), into, &size);
    if (ran != CKR_OK) {
      return errors::RootKeyInvalid(
          encrypts ? "the token does not encrypt by this key"
                   : "what is stored does not open by the key on this token");
    }
    return Secret::Copy(output.Reveal().substr(0, size));
  }

 private:
  TokenSession() : uri_(nullptr, &p11_kit_uri_free) {}

  absl::Status Load(const std::string& module) {
    p11_ = p11_kit_module_load(module.c_str(), 0);
    if (p11_ == nullptr) {
      return Closed("its library cannot be loaded, see [seal] module");
    }
    if (p11_kit_module_initialize(p11_) != CKR_OK) {
      return Closed("its library does not start");
    }
    initialized_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<CK_SLOT_ID> FindSlot() const {
    CK_ULONG count = 0;
    std::vector<CK_SLOT_ID> slots;
    if (p11_->C_GetSlotList(CK_TRUE, nullptr, &count) == CKR_OK) {
      slots.resize(count);
      if (p11_->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) {
        count = 0;
      }
    }
    slots.resize(count);
    for (CK_SLOT_ID slot : slots) {
      CK_TOKEN_INFO info;
      if (p11_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
      if (p11_kit_uri_match_token_info(uri_.get(), &info) != 0) return slot;
    }
    return Closed("its token is not there");
  }

  std::vector<CK_ATTRIBUTE> Named() const {
    CK_ULONG count = 0;
    CK_ATTRIBUTE* named = p11_kit_uri_get_attributes(uri_.get(), &count);
    std::vector<CK_ATTRIBUTE> attributes;
    for (CK_ULONG i = 0; i < count; ++i) {
      if (named[i].type != CKA_CLASS) attributes.push_back(named[i]);
    }
    return attributes;
  }

  Uri uri_;
  CK_FUNCTION_LIST* p11_ = nullptr;
  bool initialized_ = false;
  bool has_session_ = false;
  CK_SESSION_HANDLE session_ = 0;
};

// Makers' libraries are initialized once in a process, so sessions take turns.
Mutex& OneAtATime() {
  static Mutex* const mutex = new Mutex();
  return *mutex;
}

}  // namespace

absl::StatusOr<std::string> EncryptByToken(const Pkcs11Key& key,
                                           absl::string_view context,
                                           const Secret& plaintext) {
  MutexLock lock(OneAtATime());
  ASSIGN_OR_RETURN(auto session, TokenSession::Open(key));
  ASSIGN_OR_RETURN(CK_OBJECT_HANDLE handle, session->FindKey());
  RETURN_IF_ERROR(session->CheckStays(handle));
  std::string ciphertext = RandomBytes(kGcmNonceSize);
  ASSIGN_OR_RETURN(Secret encrypted,
                   session->Run(/*encrypts=*/true, handle, ciphertext, context,
                                plaintext.Reveal()));
  absl::StrAppend(&ciphertext, encrypted.Reveal());
  return ciphertext;
}

absl::StatusOr<Secret> DecryptByToken(const Pkcs11Key& key,
                                      absl::string_view context,
                                      absl::string_view ciphertext) {
  if (ciphertext.size() < kGcmNonceSize + kGcmTagSize) {
    return errors::RootKeyInvalid("what is stored for the token is damaged");
  }
  MutexLock lock(OneAtATime());
  ASSIGN_OR_RETURN(auto session, TokenSession::Open(key));
  ASSIGN_OR_RETURN(CK_OBJECT_HANDLE handle, session->FindKey());
  return session->Run(/*encrypts=*/false, handle,
                      ciphertext.substr(0, kGcmNonceSize), context,
                      ciphertext.substr(kGcmNonceSize));
}

absl::Status MakeTokenKey(const Pkcs11Key& key) {
  MutexLock lock(OneAtATime());
  ASSIGN_OR_RETURN(auto session, TokenSession::Open(key));
  absl::StatusOr<CK_OBJECT_HANDLE> found = session->FindKey();
  if (!HasReason(found.status(), "ROOT_SOURCE_CLOSED")) return found.status();
  return session->MakeKey();
}

}  // namespace tokenvault
