  // Values and coefficients go in, then the entries of one run after another, with pauses; the rows
  // are taken with pauses.
  localparam integer GIVEN = @GIVEN@, RUNS = @RUNS@, ENTRIES = @ENTRIES@, ROWS = @ROW_COUNT@;
  reg [@GIVEN_MSB@:0] given_of [0:GIVEN-1];
  reg [@ENTRY_MSB@:0] entry_of [0:RUNS*ENTRIES-1];
  reg [@RESULT_MSB@:0] result_of [0:RUNS*ROWS-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1, give = 1'b0, take = 1'b0;
  integer given = 0, entered = 0, taken = 0;
  wire given_wanted, wanted, sent;
  wire [@RESULT_MSB@:0] result;
  wire given_offered = give && given < GIVEN;
  wire offered = give && given == GIVEN && entered < RUNS * ENTRIES;
  wire [@GIVEN_MSB@:0] value = given_offered ? given_of[given] : 0;
  wire [@ENTRY_MSB@:0] entry = offered ? entry_of[entered] : 0;
  @TOP@ dut (.clk(clk), .rst(rst), .rows(@ROWS_PORT@),
    .i__valid(given_offered), .i__payload(value), .i__ready(given_wanted),
    .entries__valid(offered), .entries__payload(entry), .entries__ready(wanted),
    .o__valid(sent), .o__payload(result), .o__ready(take));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (!(given_offered && !given_wanted) && !(offered && !wanted)) give <= !rst && cycle % 5 != 0;
    take <= cycle % 3 != 0;
    if (given_offered && given_wanted) given <= given + 1;
    if (offered && wanted) entered <= entered + 1;
    if (sent && take) begin
      // No row before the entries of its run, and all before the next ones are taken.
      if (entered != (taken / ROWS + 1) * ENTRIES) fail;
      taken <= taken + 1;
      check(result == result_of[taken]);
    end
  end
endmodule
