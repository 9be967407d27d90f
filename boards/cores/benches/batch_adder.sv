  // Pairs go in with pauses, and sums, each known by its tag, are taken with pauses; once all pairs
  // are in, batches are closed that are not full.
  localparam integer COUNT = @COUNT@;
  reg [@PAIR_MSB@:0] pair_of [0:COUNT-1];
  reg [@POINT_MSB@:0] sum_of [0:COUNT-1];
  reg [COUNT-1:0] found = 0;
  initial begin
@ROWS@
  end

  reg rst = 1'b1, give = 1'b0, take = 1'b0;
  integer given = 0;
  wire wanted, there, fault;
  wire [31:0] additions, products, batches;
  wire [@TAG_MSB@:0] tag;
  wire [@POINT_MSB@:0] point;
  wire offered = give && given < COUNT;
  wire [@PAIR_MSB@:0] pair = offered ? pair_of[given] : 0;
  wire [@TAG_MSB@:0] number = given;
  @TOP@ dut (.clk(clk), .rst(rst), .drain(given == COUNT), .fault(fault),
    .pairs__valid(offered), .pairs__payload({number, pair}), .pairs__ready(wanted),
    .sums__valid(there), .sums__payload({tag, point}), .sums__ready(take),
    .additions(additions), .products(products), .batches(batches));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (!offered || wanted) give <= !rst && cycle % 5 != 0;
    take <= cycle % 3 == 0;
    if (offered && wanted) given <= given + 1;
    if (there && take) begin
      if (tag >= COUNT || found[tag] || fault) fail;
      found[tag] <= 1'b1;
      check(point == sum_of[tag]);
    end
  end
endmodule
