  // Vectors of 2^@POWER@ values, twice: the words of a and b go in, those of h come out.
  localparam integer RUNS = @RUNS@, EACH = @EACH@, GIVEN = @GIVEN@;
  reg [63:0] word_of [0:RUNS*EACH-1];
  reg [63:0] answer_of [0:RUNS*GIVEN-1];
  initial begin
@ROWS@
  end

  // Words are offered, and answers taken, in two of three cycles; what is offered stays.
  reg rst = 1'b1, start = 1'b0, under_way = 1'b0, offering = 1'b0, listening = 1'b0;
  reg [1:0] beat = 2'd0;
  integer run = 0, taken = 0, given = 0;
  wire ready, computing, wanted, sent;
  wire [63:0] answer;
  wire offered = under_way && run < RUNS && taken < EACH && offering;
  wire [63:0] word = offered ? word_of[run * EACH + taken] : 64'd0;
  @TOP@ dut (.clk(clk), .rst(rst), .start(start), .power(@POWER_PORT@), .ready(ready),
    .computing(computing), .words__valid(offered), .words__payload(word), .words__ready(wanted),
    .answers__valid(sent), .answers__payload(answer), .answers__ready(listening));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    start <= 1'b0;
    beat <= beat == 2'd2 ? 2'd0 : beat + 2'd1;
    listening <= beat != 2'd1;
    if (!offered || wanted) offering <= beat != 2'd0;
    if (!rst && ready && !start && !under_way) begin
      start <= 1'b1;
      under_way <= 1'b1;
    end
    if (offered && wanted) taken <= taken + 1;
    if (sent && listening) begin
      check(answer == answer_of[run * GIVEN + given]);
      given <= given + 1;
      if (given == GIVEN - 1) begin
        run <= run + 1;
        taken <= 0;
        given <= 0;
        under_way <= 1'b0;
      end
    end
  end
endmodule
