  // Each job sets the ports, starts, and sends its scalars; points lie in the memory already.
  localparam integer JOBS = @JOBS@;
@JOB_REGISTERS@
  reg [63:0] scalar_of [0:@SCALARS_MSB@];
  integer last_of [0:JOBS-1];
  initial begin
@JOB_ROWS@
  end

  reg rst = 1'b1, start = 1'b0, busy = 1'b0, scalars_valid = 1'b0;
  integer job = 0, next = 0;
  wire ready, refused, scalars_ready;
  reg [63:0] scalar = 0;
  @TOP@ dut (.clk(clk), .rst(rst), .start(start), .clear(1'b0), .ready(ready), .refused(refused),
@JOB_PORTS@
    .scalars__valid(scalars_valid), .scalars__payload(scalar), .scalars__ready(scalars_ready),
    .answers__valid(answers_valid), .answers__payload(answer), .answers__ready(answers_ready),
    .requests__valid(requests_valid), .requests__payload(request),
    .requests__ready(requests_ready),
    .points__valid(points_valid), .points__payload(point), .points__ready(points_ready));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    start <= 1'b0;
    if (!rst && ready === 1'b1 && !start && !busy && job < JOBS) begin
@JOB_SETS@
      start <= 1'b1;
      busy <= 1'b1;
    end
    if (busy && !start && ready === 1'b1 && next == last_of[job] && !scalars_valid) begin
      busy <= 1'b0;
      job <= job + 1;
    end
    if (refused === 1'b1) fail;
    if (scalars_valid && scalars_ready === 1'b1) scalars_valid <= 1'b0;
    else if (busy && !start && !scalars_valid && next < last_of[job] && noise[7:6] != 0) begin
      scalar <= scalar_of[next];
      scalars_valid <= 1'b1;
      next <= next + 1;
    end
  end
endmodule
