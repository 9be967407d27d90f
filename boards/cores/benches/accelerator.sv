  // Commands go in one after another; the stream holds them until the accelerator takes them.
  localparam integer COMMANDS = @COMMANDS@;
  reg [63:0] command_of [0:COMMANDS-1];
  initial begin
@COMMAND_ROWS@
  end

  reg rst = 1'b1, commands_valid = 1'b0;
  integer next = 0;
  wire commands_ready, writes_valid;
  wire writes_ready = noise[5:4] != 0;
  wire [95:0] write;
  reg [63:0] command = 0;
  @TOP@ dut (.clk(clk), .rst(rst),
    .commands__valid(commands_valid), .commands__payload(command),
    .commands__ready(commands_ready),
    .answers__valid(answers_valid), .answers__payload(answer), .answers__ready(answers_ready),
    .requests__valid(requests_valid), .requests__payload(request),
    .requests__ready(requests_ready),
    .points__valid(points_valid), .points__payload(point), .points__ready(points_ready),
    .writes__valid(writes_valid), .writes__payload(write), .writes__ready(writes_ready));

  always @(posedge clk) begin
    if (cycle > 3) rst <= 1'b0;
    if (writes_valid === 1'b1 && writes_ready) memory[write[31:0]] <= write[95:32];
    if (commands_valid && commands_ready === 1'b1) commands_valid <= 1'b0;
    else if (!rst && !commands_valid && next < COMMANDS && noise[7:6] != 0) begin
      command <= command_of[next];
      commands_valid <= 1'b1;
      next <= next + 1;
    end
  end
endmodule
