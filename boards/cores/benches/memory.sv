  // The memory: it takes a burst at a time, and answers and writes with pauses.
  reg [63:0] memory [0:@MEMORY_WORDS@-1];
  reg [15:0] noise = 16'h1;
  always @(posedge clk) noise <= {noise[14:0], noise[15] ^ noise[13] ^ noise[12] ^ noise[10]};
  reg [31:0] at = 0;
  reg [7:0] left = 0;
  reg points_valid = 1'b0;
  wire requests_valid, points_ready;
  wire requests_ready = left == 0;
  wire [39:0] request;
  wire [@POINT_MSB@:0] point = @POINT@;
  always @(posedge clk) begin
    if (requests_valid && requests_ready) begin
      at <= request[31:0];
      left <= request[39:32];
    end
    if (points_valid && points_ready) begin
      at <= at + @PORT_WORDS@;
      left <= left - @PORT_WORDS@;
      points_valid <= 1'b0;
    end else if (left != 0 && noise[1:0] != 0) points_valid <= 1'b1;
  end
