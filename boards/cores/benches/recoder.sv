  // Slices of scalars one after another, then buckets, each when the one before is left; operands
  // are taken late now and then.
  localparam integer SLICES = @SLICES@, ENTRIES = @ENTRIES@, OPERANDS = @OPERANDS@;
  reg [@SLICE_MSB@:0] slice_of [0:SLICES-1];
  reg [@MAILBOX_MSB@:0] bucket_of [0:ENTRIES-SLICES-1];
  reg [@MAILBOX_MSB@:0] mailbox_of [0:OPERANDS-1];
  reg negative_of [0:OPERANDS-1];
  initial begin
@ROWS@
  end

  reg rst = 1'b1, again = 1'b0, take = 1'b0;
  integer given = 0, found = 0;
  wire left, there, negative, idle, cutting;
  wire [@MAILBOX_MSB@:0] mailbox;
  // Buckets come when nothing is left of the scalars.
  wire offered = !rst && (again ? given < ENTRIES : given < SLICES);
  wire [@SLICE_MSB@:0] slice = given < SLICES ? slice_of[given] : 0;
  wire [@MAILBOX_MSB@:0] bucket = again && given < ENTRIES ? bucket_of[given - SLICES] : 0;
  @TOP@ dut (.clk(clk), .rst(rst), .again(again)@TOLD@,
    .entry__valid(offered), .entry__slice(slice), .entry__mailbox(bucket), .entry__left(left),
    .operand__valid(there), .operand__mailbox(mailbox), .operand__negative(negative),
    .operand__taken(there && take), .idle(idle), .cutting(cutting));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    take <= cycle % 3 != 0;
    if (offered && left) given <= given + 1;
    if (given == SLICES && idle && !rst) again <= 1'b1;
    if (there && take) begin
      check(mailbox == mailbox_of[found] && negative == negative_of[found]);
      found <= found + 1;
    end
  end
endmodule
