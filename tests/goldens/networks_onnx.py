"""Small networks with random weights as PyTorch's exporters write them, and what PyTorch makes of an input.

Writes onnx/NAME.onnx and onnx/features.safetensors: `x`, and the features of each NAME.
"""

import pathlib
import sys

import onnx
import timm
import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "onnx")


def resnet18(width):
    """torchvision's ResNet-18 with fewer channels."""
    net = ResNet(BasicBlock, [2, 2, 2, 2])
    net.inplanes = width
    net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(width)
    for stage in range(4):
        layer = net._make_layer(BasicBlock, width << stage, 2, stride=1 + (stage > 0))
        setattr(net, f"layer{stage + 1}", layer)
    net.fc = nn.Identity()
    return net


def vit_tiny():
    """timm's ViT with two narrow blocks."""
    return timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, depth=2, embed_dim=24, num_heads=2, num_classes=0
    )


def convnext():
    """timm's ConvNeXt, shallow and narrow."""
    return timm.create_model("convnext_atto", depths=(1, 1, 1, 1), dims=(8, 12, 16, 24), num_classes=0)


def swin():
    """timm's Swin of two stages, the first with windows that are moved."""
    return timm.create_model(
        "swin_tiny_patch4_window7_224",
        img_size=32,
        window_size=4,
        embed_dim=8,
        depths=(2, 1),
        num_heads=(2, 4),
        num_classes=0,
    )


def efficientnet():
    """timm's EfficientNet with a tenth of the channels and blocks."""
    build = timm.models.efficientnet._gen_efficientnet
    return build("efficientnet_b0", channel_multiplier=0.1, depth_multiplier=0.1, num_classes=0)


def gated():
    """timm's ViT with a gated MLP and norms of queries and keys."""
    return timm.models.vision_transformer.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=24, depth=1, num_heads=2, num_classes=0, qk_norm=True, mlp_ratio=2,
        mlp_layer=timm.layers.SwiGLUPacked, act_layer=nn.SiLU
    )


def convnext_v2():
    """timm's ConvNeXt V2, shallow and narrow."""
    return timm.create_model("convnextv2_atto", depths=(1, 1, 1, 1), dims=(8, 12, 16, 24), num_classes=0)


def rotary():
    """timm's DINOv3 with the places of its patches as a constant."""
    timm.layers.set_fused_attn(False)  # which the exporter does not take there
    net = timm.models.eva.Eva(
        img_size=32, patch_size=8, embed_dim=24, depth=1, num_heads=2, num_classes=0, qkv_bias=False, init_values=1.0,
        rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, use_rot_pos_emb=True, use_abs_pos_emb=False,
        num_reg_tokens=4, use_fc_norm=False, global_pool="token", norm_layer=nn.LayerNorm
    )
    timm.layers.set_fused_attn(True)
    places = net.rope.get_embed((4, 4)).detach().clone()
    net.rope.get_embed = lambda *_, **__: places
    return net


class Apart(nn.Module):
    """transformers' ViT, whose queries, keys and values are of three layers."""

    def __init__(self):
        super().__init__()
        sizes = dict(hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48, image_size=32)
        self.net = transformers.ViTModel(transformers.ViTConfig(**sizes, patch_size=8), add_pooling_layer=False)

    def forward(self, x):
        return self.net(pixel_values=x).last_hidden_state[:, 0]


def trained(net):
    """Statistics and parameters as training leaves them: none at its start."""
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_var"):
                value.add_(torch.rand_like(value))
            elif value.is_floating_point():
                value.add_(0.1 * torch.randn_like(value))
    return net.eval()


def bare(model):
    """Without what the exporter tells of the machine and the lines of code."""
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for part in [*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output]:
        del part.metadata_props[:]
        part.doc_string = ""
    return model


def main():
    OUT.mkdir(exist_ok=True)
    torch.manual_seed(0)
    x = torch.randn(2, 3, 32, 32)
    features = {"x": x}
    several = {"resnet18": resnet18(4), "vit": vit_tiny()}
    others = {"convnext": convnext(), "swin": swin(), "efficientnet": efficientnet()}
    others |= {"gated": gated(), "convnext-v2": convnext_v2(), "apart": Apart(), "rotary": rotary()}
    for name, net in {**several, **others}.items():
        net = trained(net)
        with torch.no_grad():
            expected = net(x)
        names = {"input_names": ["input"], "output_names": ["features"]}
        axes = {"input": {0: "batch"}, "features": {0: "batch"}}
        script = {"dynamo": False, "opset_version": 17, "dynamic_axes": axes, **names}
        batch = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
        kinds = {"script": script}
        if name in several:
            kinds["dynamo"] = {"dynamo": True, "external_data": False, **batch, **names}
        if name == "resnet18":
            kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
            kinds["norms"] = {**script, **kept}
        elif name == "vit":
            kinds["fixed"] = {**script, "dynamic_axes": None}
        for kind, settings in kinds.items():
            path = str(OUT / f"{name}-{kind}.onnx")
            torch.onnx.export(net, (x,), path, **settings)
            onnx.save_model(bare(onnx.load_model(path)), path)
            features[f"{name}-{kind}"] = expected.clone()
    save_file(features, OUT / "features.safetensors")


main()
