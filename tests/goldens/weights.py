"""Files of weights as programs of self-supervised learning and PyTorch write them. Run: python weights.py FOLDER.

Layouts: a tiny network under the names that each program gives its own, read off the program's code that saves. Every number of
the set that its authors evaluate is 1, of the others 2, 3, …; of heads 9. All tensors of a set are views of one storage.

Formats: one small network, whose parameter number n (by name) counts n, n + 1/8, n + 2/8, …, in each way that PyTorch and
safetensors write it.
"""
import argparse, collections, json, pathlib, sys
import safetensors.torch, torch

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)

def resnet():
    """Parameters of a residual network of four basic blocks, its width 1, by torchvision's names."""
    shapes = {}
    def norm(name, width):
        for end in ["weight", "bias", "running_mean", "running_var"]:
            shapes[f"{name}.{end}"] = (width,)
        shapes[f"{name}.num_batches_tracked"] = ()
    def conv(name, fed, width, kernel):
        shapes[f"{name}.weight"] = (width, fed, kernel, kernel)
    conv("conv1", 3, 1, 3), norm("bn1", 1)
    fed = 1
    for stage, width in enumerate([1, 2, 4, 8], 1):
        name = f"layer{stage}.0"
        conv(f"{name}.conv1", fed, width, 3), norm(f"{name}.bn1", width)
        conv(f"{name}.conv2", width, width, 3), norm(f"{name}.bn2", width)
        if stage > 1:
            conv(f"{name}.downsample.0", fed, width, 1), norm(f"{name}.downsample.1", width)
        fed = width
    return shapes

def vit(class_token=True):
    """Parameters of a vision transformer of one block of width 4 on 2x2 patches of 4 pixels, by timm's names."""
    shapes = {"cls_token": (1, 1, 4)} if class_token else {}
    shapes |= {"pos_embed": (1, 4 + class_token, 4), "patch_embed.proj.weight": (4, 3, 4, 4), "patch_embed.proj.bias": (4,)}
    for name, (rows, columns) in {"attn.qkv": (12, 4), "attn.proj": (4, 4), "mlp.fc1": (16, 4), "mlp.fc2": (4, 16)}.items():
        shapes |= {f"blocks.0.{name}.weight": (rows, columns), f"blocks.0.{name}.bias": (rows,)}
    for name in ["blocks.0.norm1", "blocks.0.norm2", "norm"]:
        shapes |= {f"{name}.weight": (4,), f"{name}.bias": (4,)}
    return shapes

def numbered(name):
    """torchvision's name in a Sequential of the children: conv1, bn1, relu, maxpool, layer1, …"""
    first, rest = name.split(".", 1)
    number = {"conv1": 0, "bn1": 1}.get(first)
    return f"{int(first[-1]) + 3 if number is None else number}.{rest}"

def named(shapes, prefix, value, rename=lambda name: name):
    longest = max(torch.Size(shape).numel() for shape in shapes.values())
    flat, counter = torch.full((longest,), float(value)), torch.tensor(5)
    def tensor(shape):
        return flat[:torch.Size(shape).numel()].view(shape) if shape else counter
    return collections.OrderedDict((prefix + rename(name), tensor(shape)) for name, shape in shapes.items())

def head(*names):
    return collections.OrderedDict((name, torch.full((2, 3), 9.0)) for name in names)

optimizer = {"state": {0: {"momentum_buffer": torch.zeros(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
args = argparse.Namespace(arch="vit_small", lr=0.1)
r, v = resnet(), vit()
lightning = {"epoch": 1, "global_step": 10, "pytorch-lightning_version": "2.5.0", "loops": {"fit_loop": {"state_dict": {}}},
    "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}}, "optimizer_states": [optimizer], "lr_schedulers": [{"last_epoch": 1}]}

layouts = {
    # examples/imagenet/main.py of pytorch/examples, under DistributedDataParallel
    "imagenet-example": {"epoch": 1, "arch": "resnet18", "best_acc1": torch.tensor(70.0), "optimizer": optimizer, "scheduler": {"last_epoch": 1},
        "state_dict": named(r, "module.", 1) | head("module.fc.weight")},
    # a LightningModule whose network is called model, with its hyperparameters
    "lightning": lightning | {"state_dict": named(r, "model.", 1) | head("model.fc.weight"), "hyper_parameters": args},
    # examples/pytorch_lightning/byol.py of lightly-ai/lightly
    "lightly": lightning | {"state_dict": named(r, "backbone.", 1, numbered) | named(r, "backbone_momentum.", 2, numbered)
        | head("projection_head.layers.0.weight", "prediction_head.layers.0.weight", "projection_head_momentum.layers.0.weight")},
    # _checkpoint.py, _methods/dino and _models/torchvision/resnet.py of lightly-ai/lightly-train
    "lightly-train": lightning | {"state_dict": named(r, "teacher_embedding_model.model_wrapper._features.", 1)
        | named(r, "student_embedding_model.model_wrapper._features.", 2) | head("teacher_projection_head.layers.0.weight", "criterion.center.center"),
        "lightly_train": {"version": "0.15.0", "normalize_args": {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.25, 0.25]}}},
    # solo/methods/base.py of vturrisi/solo-learn, a method with momentum
    "solo-learn": lightning | {"state_dict": named(r, "backbone.", 1) | named(r, "momentum_backbone.", 2)
        | head("classifier.weight", "momentum_classifier.weight", "projector.0.weight", "momentum_projector.0.weight", "predictor.0.weight", "queue")},
    # models/trunks/resnext.py and utils/checkpoint.py of facebookresearch/vissl
    "vissl": {"phase_idx": 1, "type": "consolidated", "classy_state_dict": {"train": True, "optimizer": optimizer,
        "base_model": {"model": {"trunk": named(r, "_feature_blocks.", 1), "heads": head("0.clf.0.weight")}, "meters": {}}}},
    # main_moco.py of facebookresearch/moco
    "moco": {"epoch": 1, "arch": "resnet50", "optimizer": optimizer,
        "state_dict": named(r, "module.encoder_q.", 1) | named(r, "module.encoder_k.", 2)
        | head("module.queue", "module.encoder_q.fc.0.weight", "module.encoder_k.fc.0.weight") | {"module.queue_ptr": torch.zeros(1, dtype=torch.long)}},
    # main_moco.py of facebookresearch/moco-v3
    "moco-v3": {"epoch": 1, "arch": "vit_small", "optimizer": optimizer, "scaler": {"scale": 1.0},
        "state_dict": named(v, "module.base_encoder.", 1) | named(v, "module.momentum_encoder.", 2)
        | head("module.base_encoder.head.0.weight", "module.momentum_encoder.head.0.weight", "module.predictor.0.weight")},
    # byol_pytorch/byol_pytorch.py of lucidrains/byol-pytorch: the learner itself, whose net is that of its online encoder
    "byol": named(r, "net.", 1) | named(r, "online_encoder.net.", 1) | head("online_encoder.projector.0.weight", "online_predictor.0.weight")
        | named(r, "target_encoder.net.", 2) | head("target_encoder.projector.0.weight"),
    # main_dino.py of facebookresearch/dino
    "dino": {"student": named(v, "module.backbone.", 2) | head("module.head.mlp.0.weight"), "teacher": named(v, "backbone.", 1) | head("head.mlp.0.weight"),
        "optimizer": optimizer, "epoch": 1, "args": args, "dino_loss": head("center")},
    # main_ibot.py of bytedance/ibot
    "ibot": {"student": named(v, "module.backbone.", 2) | head("module.backbone.masked_embed", "module.head.mlp.0.weight"),
        "teacher": named(v, "backbone.", 1) | head("head.mlp.0.weight"), "optimizer": optimizer, "epoch": 1, "args": args,
        "ibot_loss": head("center", "center2")},
    # models_mae.py and util/misc.py of facebookresearch/mae
    "mae": {"optimizer": optimizer, "epoch": 1, "scaler": {"scale": 1.0}, "args": args, "model": named(v, "", 1)
        | head("mask_token", "decoder_embed.weight", "decoder_pos_embed", "decoder_blocks.0.norm1.weight", "decoder_norm.weight", "decoder_pred.weight")},
    # src/train.py of facebookresearch/ijepa
    "ijepa": {"encoder": named(vit(False), "module.", 2), "target_encoder": named(vit(False), "module.", 1),
        "predictor": head("module.predictor_embed.weight", "module.mask_token", "module.predictor_pos_embed", "module.predictor_blocks.0.norm1.weight"),
        "opt": optimizer, "scaler": None, "epoch": 1, "loss": 0.1, "batch_size": 8, "world_size": 1, "lr": 0.1},
    # train.py of timm, with --model-ema
    "timm-ema": {"epoch": 1, "arch": "resnet18", "optimizer": optimizer, "args": args, "version": 2, "metric": 70.0,
        "state_dict": named(r, "", 2) | head("fc.weight"), "state_dict_ema": named(r, "", 1) | head("fc.weight")},
}
for i, (name, checkpoint) in enumerate(layouts.items()):
    # Every other file as PyTorch wrote them before its version 1.6.
    torch.save(checkpoint, out / f"{name}.pth", _use_new_zipfile_serialization=i % 2 == 0)

def counted():
    shapes = {"conv1.weight": (2, 3, 3, 3), **{f"bn1.{end}": (2,) for end in ["weight", "bias", "running_mean", "running_var"]}}
    return {name: (n + torch.arange(torch.Size(shape).numel()) / 8).view(shape) for n, (name, shape) in enumerate(sorted(shapes.items()))}

def formats(name): return out / "formats" / name
formats("shards").mkdir(parents=True, exist_ok=True)
plain = counted()
counter = {"bn1.num_batches_tracked": torch.tensor(7), "flag": torch.tensor([True, False])}
for kind in [torch.float64, torch.float16, torch.bfloat16]:
    some = {name: tensor.to(kind) for name, tensor in plain.items()}
    short = str(kind).removeprefix("torch.")
    torch.save(some | counter, formats(f"{short}.pt"))
    torch.save(some | counter, formats(f"{short}-plain.pt"), _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(some | counter, formats(f"{short}.safetensors"), {"format": "pt", "licence": "mit"})
last = {name: tensor.to(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor for name, tensor in plain.items()}
torch.save(last, formats("channels-last.ckpt"))
torch.save(last, formats("channels-last-plain.ckpt"), _use_new_zipfile_serialization=False)
torch.save(plain, formats("protocol-4.pth"), pickle_protocol=4)
# The first name inside a zip is that of the file and 9 letters: with 30 in all its entry is as long as the zip's 64-bit end.
torch.save(plain, formats("twenty-one-characters.pth"))
torch.save({name: torch.nn.Parameter(tensor) for name, tensor in plain.items()}, formats("parameters.pth"))
# All in one storage, the first behind 5 other numbers; one of them as a transposed view.
flat, at, views = torch.cat([torch.zeros(5), *[t.flatten() for t in plain.values()]]), 5, {}
for name, tensor in plain.items():
    views[name], at = flat[at:at + tensor.numel()].view(tensor.shape), at + tensor.numel()
turned = plain["conv1.weight"].permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0)
torch.save(views | {"conv1.weight": turned}, formats("one-storage.pth"))
torch.save(views | {"conv1.weight": turned}, formats("one-storage-plain.pth"), _use_new_zipfile_serialization=False)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = torch.nn.Conv2d(3, 2, 3, padding=1, bias=False), torch.nn.BatchNorm2d(2)
    def forward(self, x):
        return self.bn1(self.conv1(x)).relu()
net = Net().eval()
net.load_state_dict(plain, strict=False)
torch.jit.save(torch.jit.script(net), formats("script.pt"))

# A folder of transformers, spread over two files; the tensor of the second is written once for two names.
first, second = dict(list(plain.items())[:2]), dict(list(plain.items())[2:])
safetensors.torch.save_file(first, formats("shards") / "model-00001-of-00002.safetensors", {"format": "pt"})
safetensors.torch.save_file(second, formats("shards") / "model-00002-of-00002.safetensors", {"format": "pt", "head.weight": "conv1.weight"})
index = {"metadata": {"total_size": 264}, "weight_map": {name: f"model-0000{1 if name in first else 2}-of-00002.safetensors" for name in plain}}
(formats("shards") / "model.safetensors.index.json").write_text(json.dumps(index, indent=1))
