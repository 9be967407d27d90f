  // Program "@PROGRAM@": each run takes its words and sends its result.
  localparam integer RUNS = @RUNS@, EACH = @EACH@;
  reg [@WORD_MSB@:0] word_of [0:RUNS*EACH-1];
  reg [@RESULT_MSB@:0] result_of [0:RUNS-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1, start = 1'b0, waiting = 1'b0;
  integer run = 0, given = 0;
  wire ready, wanted, sent;
  wire [@RESULT_MSB@:0] result;
  wire offered = given < EACH && run < RUNS;
  wire [@WORD_MSB@:0] word = offered ? word_of[run * EACH + given] : 0;
  @TOP@ dut (.clk(clk), .rst(rst), .start(start), .entry(@ENTRY@), .ready(ready),
    .i__valid(offered && waiting), .i__payload(word), .i__ready(wanted),
    .o__valid(sent), .o__payload(result), .o__ready(1'b1));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    start <= 1'b0;
    if (!rst && ready && !start && !waiting) begin
      start <= 1'b1;
      waiting <= 1'b1;
    end
    if (waiting && offered && wanted) given <= given + 1;
    if (sent) begin
      check(result == result_of[run]);
      run <= run + 1;
      given <= 0;
    end
    if (waiting && !start && ready && given == 0) waiting <= 1'b0;
  end
endmodule
