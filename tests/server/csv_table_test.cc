#include "server/csv_table.h"

#include <utility>

#include "gtest/gtest.h"

namespace tokenvault {
namespace {

TEST(CsvTableTest, QuotesEveryField) {
  CsvTable table({"a", "b"});
  table.Add({"plain", "with, comma"});
  table.Add({"say \"hi\"", "two\nlines"});
  table.Add({"", "Zoë"});
  EXPECT_EQ(std::move(table).Take(),
            "\"a\",\"b\"\r\n\"plain\",\"with, comma\"\r\n"
            "\"say \"\"hi\"\"\",\"two\nlines\"\r\n\"\",\"Zoë\"\r\n");
}

TEST(CsvTableTest, LeavesNoFormulaToASpreadsheet) {
  for (const std::string formula :
       {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1",
        "－1", "＠A"}) {
    CsvTable table({});
    table.Add({formula, "a=b"});
    EXPECT_EQ(std::move(table).Take(), "\r\n\"'" + formula + "\",\"a=b\"\r\n");
  }
}

}  // namespace
}  // namespace tokenvault
