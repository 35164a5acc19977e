#include "oauth/address_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

bool Allows(const char* address, const EgressRules& rules = {}) {
  auto parsed = IpAddress::Parse(address);
  EXPECT_TRUE(parsed.ok()) << address;
  return parsed.ok() && MayConnect(*parsed, rules);
}

TEST(AddressGuardTest, AllowsPublicAddresses) {
  for (const char* address :
       {"1.1.1.1",         "8.8.8.8",           "11.0.0.0",
        "9.255.255.255",   "100.63.255.255",    "100.128.0.0",
        "126.255.255.255", "128.0.0.1",         "168.63.129.15",
        "169.253.255.255", "169.255.0.0",       "172.15.255.255",
        "172.32.0.0",      "192.167.255.255",   "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",        "223.255.255.255",
        "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
        "3ffe::1"}) {
    EXPECT_TRUE(Allows(address)) << address;
  }
}

TEST(AddressGuardTest, DeniesEverythingElse) {
  for (const char* address :
       {// v4: this host, private, shared, loopback, link-local, metadata
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.1",
        "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.168.0.1",
        // v4: protocol, documentation, benchmarks, multicast, reserved
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255",
        // v6: unspecified, loopback, ULA, link-local, site-local, multicast
        "::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1",
        "ff02::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
        // v6 that carries v4: mapped, compatible, translated, NAT64, 6to4,
        // Teredo
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "::ffff:0:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1",
        "2001:0:4136:e378::"}) {
    EXPECT_FALSE(Allows(address)) << address;
  }
}

TEST(AddressGuardTest, AllowsWhatTheRulesName) {
  EgressRules rules;
  rules.allow = {*Cidr::Parse("10.1.0.0/16"), *Cidr::Parse("fd12::/16"),
                 *Cidr::Parse("192.168.1.7")};
  for (const char* address :
       {"10.1.0.0", "10.1.255.255", "fd12:ffff::1", "192.168.1.7", "8.8.8.8"}) {
    EXPECT_TRUE(Allows(address, rules)) << address;
  }
  for (const char* address : {"10.2.0.0", "10.0.255.255", "fd13::1",
                              "192.168.1.8", "::ffff:10.1.0.1", "127.0.0.1"}) {
    EXPECT_FALSE(Allows(address, rules)) << address;
  }
}

TEST(AddressGuardTest, AllowsLoopbackOnlyInDevelopment) {
  EgressRules rules;
  rules.allow_http_loopback = true;
  EXPECT_TRUE(Allows("127.0.0.1", rules));
  EXPECT_TRUE(Allows("::1", rules));
  EXPECT_FALSE(Allows("10.0.0.1", rules));
  EXPECT_FALSE(Allows("::ffff:127.0.0.1", rules));
}

TEST(AddressGuardTest, DeniesBytesThatAreNoAddress) {
  EXPECT_FALSE(MayConnect(IpAddress{}, {}));
  EXPECT_FALSE(MayConnect(IpAddress{std::string(5, '\x08')}, {}));
}

TEST(AddressGuardTest, ReadsOnlyTheUsualTextForm) {
  for (const char* text :
       {"", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.4.5",
        "256.1.1.1", "[::1]", "fe80::1%eth0", "localhost", "1.2.3.4 "}) {
    EXPECT_FALSE(IpAddress::Parse(text).ok()) << text;
  }
}

TEST(AddressGuardTest, RefusesRangesThatAreSlipsOfThePen) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
                           "10.0.0.1/8", "fd00::/129", "fd00::1/8", "/8"}) {
    EXPECT_EQ(ReasonOf(Cidr::Parse(text).status()), "FIELD_INVALID") << text;
  }
  EXPECT_TRUE(Cidr::Parse("0.0.0.0/0").ok());
}

}  // namespace
}  // namespace tokenvault
