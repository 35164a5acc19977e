#include "oauth/smtp_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "tests/oauth/loopback_server.h"

namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A mail server that does as it is told: by the first word of a line, what to
// answer; "." is the end of a mail. Certificates and real logins are for
// tests/e2e/notices.test.mjs.
class MailServer {
 public:
  explicit MailServer(std::map<std::string, std::string> answers = {})
      : answers_(std::move(answers)),
        server_([this](int connection) { Talk(connection); }) {}

  std::string Url() const {
    return absl::StrCat("smtp://127.0.0.1:", server_.port());
  }
  int connections() const { return server_.connections(); }
  std::vector<std::string> lines() const {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  std::string AnswerTo(const std::string& word) const {
    const auto found = answers_.find(word);
    if (found != answers_.end()) return found->second;
    if (word == "EHLO") return "250-mail.test\r\n250 8BITMIME";
    if (word == "DATA") return "354 go on";
    if (word == "QUIT") return "221 bye";
    return "250 fine";
  }
  void Talk(int connection) {
    LoopbackServer::Write(connection, AnswerOrGreeting());
    std::string text;
    bool in_mail = false;
    char byte;
    while (recv(connection, &byte, 1, 0) == 1) {
      text += byte;
      if (!absl::EndsWith(text, "\r\n")) continue;
      const std::string line = text.substr(0, text.size() - 2);
      text.clear();
      {
        MutexLock lock(mutex_);
        lines_.push_back(line);
      }
      if (in_mail && line != ".") continue;
      const std::string word = in_mail ? "." : line.substr(0, line.find(' '));
      const std::string answer = AnswerTo(word);
      in_mail = word == "DATA" && absl::StartsWith(answer, "3");
      LoopbackServer::Write(connection, answer + "\r\n");
      if (word == "QUIT") return;
    }
  }
  std::string AnswerOrGreeting() const {
    const auto found = answers_.find("");
    return found != answers_.end() ? found->second : "220 mail.test\r\n";
  }

  const std::map<std::string, std::string> answers_;
  mutable Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  LoopbackServer server_;  // last: it uses all of the above
};

EgressRules OnThisMachine() {
  EgressRules rules;
  rules.allow_http_loopback = true;
  rules.timeout = absl::Seconds(5);
  return rules;
}

Mail SomeMail() {
  return {"vault@connect.test", "ana@example.test",
          "Subject: hello\r\n\r\n.a dot first\r\nlast\r\n"};
}

absl::Status SendTo(const MailServer& server, const Mail& mail,
                    SmtpServer settings = {}) {
  settings.url = server.Url();
  return SmtpClient(settings, OnThisMachine()).Send(mail);
}

TEST(SmtpClientTest, HandsAMailOver) {
  MailServer server;
  const absl::Status sent = SendTo(server, SomeMail());
  EXPECT_TRUE(sent.ok()) << sent;
  const std::vector<std::string> lines = server.lines();
  EXPECT_THAT(lines, Contains(StartsWith("MAIL FROM:<vault@connect.test>")));
  EXPECT_THAT(lines, Contains("RCPT TO:<ana@example.test>"));
  EXPECT_THAT(lines, Contains("Subject: hello"));
  // A line with a dot alone would end the mail.
  EXPECT_THAT(lines, Contains("..a dot first"));
}

TEST(SmtpClientTest, LogsIn) {
  const std::string login =
      absl::Base64Escape(absl::string_view("\0vault\0hunter2", 14));
  MailServer server({{"EHLO", "250-mail.test\r\n250 AUTH PLAIN"},
                     {"AUTH", "334 "},
                     {login, "235 welcome"}});
  SmtpServer settings;
  settings.username = "vault";
  settings.password = std::make_shared<Secret>(Secret::Copy("hunter2"));
  const absl::Status sent = SendTo(server, SomeMail(), settings);
  EXPECT_TRUE(sent.ok()) << sent;
  EXPECT_THAT(server.lines(), Contains(login));
}

TEST(SmtpClientTest, SaysHowItFailed) {
  const std::map<std::string, std::string> busy = {{"RCPT", "451 not now"}};
  const std::map<std::string, std::string> no = {{"RCPT", "550 nobody here"}};
  const std::map<std::string, std::string> late = {{".", "554 spam"}};
  MailServer not_now(busy);
  absl::Status status = SendTo(not_now, SomeMail());
  EXPECT_EQ(ReasonOf(status), "PROVIDER_REFUSED") << status;
  EXPECT_EQ(MetadataOf(status, "code"), "not_now");
  MailServer refused(no);
  status = SendTo(refused, SomeMail());
  EXPECT_EQ(MetadataOf(status, "code"), "refused") << status;
  MailServer after(late);
  status = SendTo(after, SomeMail());
  EXPECT_EQ(MetadataOf(status, "code"), "refused") << status;
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("spam")));

  MailServer login(
      {{"EHLO", "250-mail.test\r\n250 AUTH PLAIN"}, {"AUTH", "535 no"}});
  SmtpServer settings;
  settings.username = "vault";
  settings.password = std::make_shared<Secret>(Secret::Copy("wrong"));
  status = SendTo(login, SomeMail(), settings);
  EXPECT_EQ(ReasonOf(status), "PROVIDER_MISCONFIGURED") << status;

  settings.url = "smtp://127.0.0.1:1";
  status = SmtpClient(settings, OnThisMachine()).Send(SomeMail());
  EXPECT_EQ(MetadataOf(status, "problem"), "connect") << status;
}

// Neither a login nor a mail goes out in clear, but on this machine in dev.
TEST(SmtpClientTest, SaysNothingWithoutTls) {
  MailServer server;
  EgressRules rules = OnThisMachine();
  rules.allow_http_loopback = false;
  rules.allow = {*Cidr::Parse("127.0.0.0/8")};
  SmtpServer settings;
  settings.url = server.Url();
  const absl::Status status = SmtpClient(settings, rules).Send(SomeMail());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(server.lines(), Not(Contains(StartsWith("MAIL"))));
}

TEST(SmtpClientTest, ConnectsToNoAddressThatTheGuardRefuses) {
  MailServer server;
  EgressRules rules;
  SmtpServer settings;
  settings.url = server.Url();
  EXPECT_EQ(ReasonOf(SmtpClient(settings, rules).Send(SomeMail())),
            "ADDRESS_REFUSED");
  EXPECT_EQ(server.connections(), 0);
}

TEST(SmtpClientTest, LetsNoAddressBecomeALineOfTheProtocol) {
  MailServer server;
  for (const char* to :
       {"ana@example.test\r\nRCPT TO:<eve@example.test>", "ana@example.test>",
        "ana example.test", "@example.test", "ana@", "a@b@c", "<ana@b.test>",
        "ana@exa mple.test", "-f@example.test", "\xc3\xa4na@example.test"}) {
    Mail mail = SomeMail();
    mail.to = to;
    EXPECT_EQ(ReasonOf(SendTo(server, mail)), "FIELD_INVALID") << to;
    EXPECT_FALSE(IsMailAddress(to)) << to;
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_TRUE(IsMailAddress("ana.alvarez+vault@mail.example.test"));
}

TEST(SmtpClientTest, KnowsAMailServerFromOtherUrls) {
  for (const char* good :
       {"smtps://mail.example.com", "smtps://mail.example.com:465",
        "smtp://mail.example.com:587", "smtp://[::1]:25"}) {
    EXPECT_TRUE(CheckSmtpUrl(good).ok()) << good;
  }
  for (const char* bad :
       {"", "https://mail.example.com", "mail.example.com:25",
        "smtp://user@mail.example.com", "smtp://mail.example.com/path",
        "smtp://mail.example.com?x=1", "smtp://", "smtps://a b"}) {
    EXPECT_FALSE(CheckSmtpUrl(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tokenvault
