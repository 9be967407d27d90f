  // Both sides pause.
  reg aresetn = 1'b0, offered = 1'b0, taking = 1'b0, waited = 1'b0;
  integer given = 0, taken = 0;
  wire [@LANE_MSB@:0] a = a_of[given % COUNT], b = b_of[given % COUNT];
  wire [@OUT_MSB@:0] word;
  reg [@OUT_MSB@:0] held;
  wire ready, valid;
  wire [@PRODUCT_MSB@:0] product = word[@PRODUCT_MSB@:0];
  @TOP@ dut (.aclk(clk), .aresetn(aresetn),
    .s_axis_tdata({b, a}), .s_axis_tvalid(offered), .s_axis_tready(ready),
    .m_axis_tdata(word), .m_axis_tvalid(valid), .m_axis_tready(taking));

  always @(posedge clk) begin
    if (cycle > 3) aresetn <= 1'b1;
    if (aresetn) begin
      if (offered && ready) given <= given + 1;
      if (!offered || ready) offered <= given + offered < COUNT && cycle % 5 != 2;
      taking <= cycle % 7 < 4;
      // What was offered and not taken is offered still, and is the same.
      if (waited && !(valid && word === held)) fail;
      waited <= valid && !taking;
      held <= word;
      if (valid && taking) begin
        check(product % MODULUS == residue_of[taken] && product <= BOUND);
        taken = taken + 1;
      end
    end
  end
endmodule
