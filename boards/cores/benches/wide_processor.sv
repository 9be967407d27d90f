  // A program goes in, its constants and its key, then the words of one run after another; results
  // are taken with pauses.
  localparam integer WORDS = @WORDS@, GIVEN = @GIVEN@, FIRST = @FIRST@, EACH = @EACH@, SENT = @SENT@;
  reg [@WORD_MSB@:0] word_of [0:WORDS-1];
  reg [@GIVEN_MSB@:0] given_of [0:GIVEN-1];
  reg [@RESULT_MSB@:0] result_of [0:(GIVEN-FIRST)/EACH*SENT-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1, give = 1'b0, take = 1'b0;
  integer loaded = 0, given = 0, taken = 0;
  wire word_wanted, wanted, sent;
  wire [@RESULT_MSB@:0] result;
  wire word_offered = give && loaded < WORDS;
  wire offered = give && loaded == WORDS && given < GIVEN;
  wire [@WORD_MSB@:0] word = word_offered ? word_of[loaded] : 0;
  wire [@GIVEN_MSB@:0] in = offered ? given_of[given] : 0;
  @TOP@ dut (.clk(clk), .rst(rst),
    .words__valid(word_offered), .words__payload(word), .words__ready(word_wanted),
    .i__valid(offered), .i__payload(in), .i__ready(wanted),
    .o__valid(sent), .o__payload(result), .o__ready(take));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (!(word_offered && !word_wanted) && !(offered && !wanted)) give <= !rst && cycle % 5 != 0;
    take <= cycle % 3 != 0;
    if (word_offered && word_wanted) loaded <= loaded + 1;
    if (offered && wanted) given <= given + 1;
    if (sent && take) begin
      // No result before the words of its run, and all before the next ones are taken.
      if (given != FIRST + (taken / SENT + 1) * EACH) fail;
      taken <= taken + 1;
      check(result == result_of[taken]);
    end
  end
endmodule
