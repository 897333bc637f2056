"""Features that timm, torchvision and transformers compute with weights that follow from the names of the parameters.

Run: python encoders.py FOLDER, with torch, timm, torchvision and transformers; FOLDER gets encoders.json: for each network its
`source`, the input's `side`, what the names of its last block begin with and those of one more would (`blocks`), the `shapes` of its parameters by name (integers
left out) and its `features` for two images. Number i of the tensor called `name` is made of
u = ((crc32(name) + (i + 1) · 2654435761) mod 2^32 >> 8) / 2^24 − 1/2: a weight of two axes and more is u · sqrt(6 / fan-in); of
one axis, a running variance is 1 + u, a weight 1 + u / 4, a factor of LayerScale u, all else u / 5. The images are such
tensors called `images`, times 4.
"""
import json, math, re, sys, pathlib, zlib
import numpy as np, torch, timm, torchvision, transformers
from timm.models import convnext, eva, resnet, swin_transformer, vision_transformer

out = pathlib.Path(sys.argv[1]); out.mkdir(exist_ok=True, parents=True)

def uniform(name, shape):
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    mixed = (np.uint64(zlib.crc32(name.encode())) + i * np.uint64(2654435761)) % np.uint64(2**32)
    return ((mixed >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5).reshape(shape)

def value(name, shape):
    u = uniform(name, shape)
    last = name.rsplit(".", 1)[-1]
    if len([n for n in shape if n != 1]) > 1:
        fan = int(np.prod(shape[1:])) or 1
        u = u * math.sqrt(6 / fan)
    elif last == "running_var":
        u = 1 + u
    elif last == "weight":
        u = 1 + u / 4
    elif not ("gamma" in last or "lambda1" in last or "layer_scale" in last):
        u = u / 5
    return torch.from_numpy(u.astype(np.float32))

def blocks(names):
    """What the names of the last block begin with, and those of one more would."""
    start = r"(?:encoder\.layer|model\.layer|(?:encoder\.)?layers|(?:layers|(?:encoder\.)?stages)\.\d+\.(?:blocks|layers)|blocks\.\d+(?=\.\d+\.(?:conv|bn|se))|blocks|s\d+|layer\d+|features(?=\.\d+\.block)|features\.\d+(?=\.\d+\.(?!weight|bias|running|num))|trunk_output\.block\d+)"
    found = sorted({(m[1], int(m[3]), m[2]) for m in (re.match(rf"({start})\.(b?|block\d-)(\d+)\.", k) for k in names) if m})
    before, number, letter = found[-1]
    return [f"{before}.{letter}{number}.", f"{before}.{letter}{number + 1}."]

def case(name, source, model, features, side=32):
    model.eval()
    state = model.state_dict()
    filled = {k: value(k, tuple(v.shape)) if v.is_floating_point() else v for k, v in state.items()}
    model.load_state_dict(filled)
    x = torch.from_numpy((4 * uniform("images", (2, 3, side, side))).astype(np.float32))
    with torch.no_grad():
        y = features(model, x)
    assert y.dim() == 2 and torch.isfinite(y).all(), name
    shapes = {k: list(v.shape) for k, v in state.items() if v.is_floating_point()}
    print(name, tuple(y.shape), sum(math.prod(s) for s in shapes.values()), float(y.std()), blocks(shapes))
    return {"name": name, "source": source, "side": side, "blocks": blocks(shapes), "shapes": shapes,
            "features": [[float(f"{v:.7g}") for v in row] for row in y.tolist()]}

head = lambda model, x: model.forward_head(model.forward_features(x), pre_logits=True)
plain = lambda model, x: model(x)
def without(model, classifier):
    """The model up to its features."""
    setattr(model, classifier, torch.nn.Identity())
    return model
def hidden(model):
    """A MobileNetV3 up to the hidden layer of its classifier, which timm has for features."""
    model.classifier = model.classifier[:2]
    return model
vit = lambda **kw: vision_transformer.VisionTransformer(**{**dict(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2,
    num_classes=0), **kw})
cases = [
    case("vit", "timm", vit(), head),
    case("vit-registers", "timm", vit(reg_tokens=4, no_embed_class=True, init_values=1.0), head),
    case("vit-qk-norm-fc-norm", "timm", vit(class_token=False, global_pool="avg", qk_norm=True, fc_norm=True, img_size=48,
         patch_size=16), head,
         side=48),
    case("vit-swiglu", "timm", vit(mlp_layer=timm.layers.SwiGLUPacked, act_layer=torch.nn.SiLU, mlp_ratio=5.33334,
         init_values=1.0), head),
    case("vit-clip", "timm", vit(pre_norm=True, norm_layer=lambda *a, **k: torch.nn.LayerNorm(*a, eps=1e-5, **k)), head),
    case("dinov3", "timm", eva.Eva(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=0, qkv_bias=False,
         init_values=1.0, rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, use_rot_pos_emb=True,
         use_abs_pos_emb=False, num_reg_tokens=4, use_fc_norm=False, global_pool="token", dynamic_img_size=True,
         norm_layer=lambda *a, **k: torch.nn.LayerNorm(*a, eps=1e-5, **k)), head),
    case("dinov3-gated", "timm", eva.Eva(img_size=32, patch_size=8, embed_dim=128, depth=2, num_heads=2, num_classes=0,
         qkv_bias=True, init_values=1.0, rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, use_rot_pos_emb=True,
         use_abs_pos_emb=False, num_reg_tokens=4, use_fc_norm=False, global_pool="token", dynamic_img_size=True,
         swiglu_mlp=True, swiglu_align_to=8, norm_layer=lambda *a, **k: torch.nn.LayerNorm(*a, eps=1e-5, **k)), head),
    case("convnext", "timm", convnext.ConvNeXt(depths=(1, 1, 2, 1), dims=(16, 32, 64, 128), num_classes=0), head, side=64),
    case("convnext-v2", "timm", convnext.ConvNeXt(depths=(1, 1, 2, 1), dims=(16, 32, 64, 128), num_classes=0, use_grn=True,
         ls_init_value=None, conv_mlp=True), head, side=64),
    case("efficientnet-b0", "timm", timm.create_model("efficientnet_b0", num_classes=0), head, side=64),
    case("efficientnet-v2-s", "timm", timm.create_model("efficientnetv2_s", num_classes=0), head, side=64),
    case("mobilenet-v3-small", "timm", timm.create_model("mobilenetv3_small_050", num_classes=0), head, side=64),
    case("mobilenet-v3-large", "timm", timm.create_model("mobilenetv3_large_100", num_classes=0), head, side=64),
    case("regnet-y", "timm", timm.create_model("regnety_002", num_classes=0), head, side=64),
    case("regnet-x", "timm", timm.create_model("regnetx_002", num_classes=0), head, side=64),
    case("se-resnet", "timm", resnet.ResNet(resnet.BasicBlock, [1, 1, 1, 1], num_classes=0,
         block_args=dict(attn_layer="se")), head, side=64),
    case("resnext", "torchvision", torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], groups=32,
         width_per_group=4), lambda m, x: torch.flatten(m.avgpool(torch.nn.Sequential(*list(m.children())[:-2])(x)), 1), side=64),
    case("wide-resnet", "torchvision", torchvision.models.ResNet(torchvision.models.resnet.Bottleneck, [1, 1, 1, 1],
         width_per_group=128), lambda m, x: torch.flatten(m.avgpool(torch.nn.Sequential(*list(m.children())[:-2])(x)), 1), side=64),
    case("swin", "timm", swin_transformer.SwinTransformer(img_size=64, window_size=4, embed_dim=32, depths=(2, 2, 2),
         num_heads=(1, 2, 4), num_classes=0), head, side=64),
    case("torchvision-convnext", "torchvision", torchvision.models.ConvNeXt(
         [torchvision.models.convnext.CNBlockConfig(16, 32, 1), torchvision.models.convnext.CNBlockConfig(32, 64, 1),
          torchvision.models.convnext.CNBlockConfig(64, 128, 2), torchvision.models.convnext.CNBlockConfig(128, None, 1)]),
         lambda m, x: m.classifier[:2](m.avgpool(m.features(x))), side=64),
    case("torchvision-swin", "torchvision", without(torchvision.models.SwinTransformer([4, 4], 32, [2, 2, 2], [1, 2, 4], [4, 4]),
         "head"), plain, side=64),
    case("torchvision-efficientnet-b1", "torchvision", without(torchvision.models.efficientnet_b1(), "classifier"), plain, side=64),
    case("torchvision-efficientnet-v2-s", "torchvision", without(torchvision.models.efficientnet_v2_s(), "classifier"), plain,
         side=64),
    case("torchvision-mobilenet-v3-small", "torchvision", hidden(torchvision.models.mobilenet_v3_small()), plain, side=64),
    case("torchvision-mobilenet-v3-large", "torchvision", hidden(torchvision.models.mobilenet_v3_large()), plain, side=64),
    case("torchvision-regnet-y", "torchvision", without(torchvision.models.regnet_y_400mf(), "fc"), plain, side=64),
    case("torchvision-regnet-x", "torchvision", without(torchvision.models.regnet_x_400mf(), "fc"), plain, side=64),
]

sizes = dict(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)
cls = lambda model, x: model(pixel_values=x).last_hidden_state[:, 0]
small = dict(depths=[1, 1, 2, 1], hidden_sizes=[16, 32, 64, 128])
T = transformers
cases += [
    case("transformers-vit", "transformers", T.ViTModel(T.ViTConfig(**sizes, intermediate_size=512), add_pooling_layer=False), cls),
    case("transformers-dinov2", "transformers", T.Dinov2Model(T.Dinov2Config(**sizes)), cls),
    case("transformers-dinov2-registers", "transformers",
         T.Dinov2WithRegistersModel(T.Dinov2WithRegistersConfig(**sizes, use_swiglu_ffn=True)), cls),
    case("transformers-dinov3", "transformers", T.DINOv3ViTModel(T.DINOv3ViTConfig(**sizes, intermediate_size=512,
         num_register_tokens=4)), cls),
    case("transformers-clip", "transformers", T.CLIPVisionModel(T.CLIPVisionConfig(**sizes, intermediate_size=512)),
         lambda m, x: m(pixel_values=x).pooler_output),
    case("transformers-ijepa", "transformers", T.IJepaModel(T.IJepaConfig(**sizes, intermediate_size=512), add_pooling_layer=False),
         lambda m, x: m(pixel_values=x).last_hidden_state.mean(1)),
    case("transformers-convnext", "transformers", T.ConvNextModel(T.ConvNextConfig(**small)),
         lambda m, x: m(pixel_values=x).pooler_output, side=64),
    case("transformers-resnet", "transformers", T.ResNetModel(T.ResNetConfig(embedding_size=64, hidden_sizes=[64, 128, 256, 512],
         depths=[2, 2, 2, 2], layer_type="basic")), lambda m, x: m(pixel_values=x).pooler_output.flatten(1), side=64),
]
made = {"torch": torch.__version__, "timm": timm.__version__, "torchvision": torchvision.__version__,
        "transformers": transformers.__version__}
json.dump({"made_with": made, "cases": cases}, open(out / "encoders.json", "w"), separators=(",", ":"))
