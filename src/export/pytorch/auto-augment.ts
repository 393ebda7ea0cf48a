/**
 * @file AutoAugment for train.py, in torch alone: the policy for CIFAR-10 and the operations that it uses, byte for byte those that our own training
 * uses (src/data/auto-augment), which are Pillow's.
 */

/** The part of train.py that changes images of bytes. It needs `FILL`. */
export const AUTO_AUGMENT = `# AutoAugment's policy for CIFAR-10 (arXiv 1805.09501, table 7): pairs of an operation, its
# probability and its magnitude from 0 to 9.
POLICY = [
    ("Invert", 0.1, 7, "Contrast", 0.2, 6),
    ("Rotate", 0.7, 2, "TranslateX", 0.3, 9),
    ("Sharpness", 0.8, 1, "Sharpness", 0.9, 3),
    ("ShearY", 0.5, 8, "TranslateY", 0.7, 9),
    ("AutoContrast", 0.5, 8, "Equalize", 0.9, 2),
    ("ShearY", 0.2, 7, "Posterize", 0.3, 7),
    ("Color", 0.4, 3, "Brightness", 0.6, 7),
    ("Sharpness", 0.3, 9, "Brightness", 0.7, 9),
    ("Equalize", 0.6, 5, "Equalize", 0.5, 1),
    ("Contrast", 0.6, 7, "Sharpness", 0.6, 5),
    ("Color", 0.7, 7, "TranslateX", 0.5, 8),
    ("Equalize", 0.3, 7, "AutoContrast", 0.4, 8),
    ("TranslateY", 0.4, 3, "Sharpness", 0.2, 6),
    ("Brightness", 0.9, 6, "Color", 0.2, 8),
    ("Solarize", 0.5, 2, "Invert", 0.0, 3),
    ("Equalize", 0.2, 0, "AutoContrast", 0.6, 0),
    ("Equalize", 0.2, 8, "Equalize", 0.6, 4),
    ("Color", 0.9, 9, "Equalize", 0.6, 6),
    ("AutoContrast", 0.8, 4, "Solarize", 0.2, 8),
    ("Brightness", 0.1, 3, "Color", 0.7, 0),
    ("Solarize", 0.4, 5, "AutoContrast", 0.9, 3),
    ("TranslateY", 0.9, 9, "TranslateY", 0.7, 9),
    ("AutoContrast", 0.9, 2, "Solarize", 0.8, 3),
    ("Equalize", 0.8, 8, "Invert", 0.1, 3),
    ("TranslateY", 0.7, 9, "AutoContrast", 0.9, 1),
]


def read_through(image, a, b, c, d, e, f):
    """Puts the pixel at (a x + b y + c, d x + e y + f) at (x, y), in fixed point as Pillow does."""
    height, width = image.shape[1:]
    fixed = lambda value: math.floor(value * 65536 + 0.5)
    x, y = torch.arange(width), torch.arange(height)[:, None]
    column = (fixed(a) * x + fixed(b) * y + fixed(c + (a + b) / 2)) >> 16
    row = (fixed(d) * x + fixed(e) * y + fixed(f + (d + e) / 2)) >> 16
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    moved = image[:, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    return torch.where(inside, moved, FILL)


def rotate(image, degrees):
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = image.shape[2] / 2, image.shape[1] / 2
    return read_through(image, cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def auto_contrast(image):
    low = image.amin((1, 2), keepdim=True).double()
    high = image.amax((1, 2), keepdim=True).double()
    # A number over a tensor would be rounded twice: torch takes the reciprocal first.
    scale = torch.full_like(low, 255) / (high - low).clamp(min=1)
    return torch.where(high > low, (image * scale - low * scale).clamp(0, 255).byte(), image)


def equalize(image):
    def channel(x):
        counts = torch.bincount(x.flatten(), minlength=256)
        step = (x.numel() - counts[counts > 0][-1]) // 255
        if step == 0:
            return x
        below = step // 2 + counts.cumsum(0) - counts
        return (below // step).clamp(max=255).byte()[x.long()]

    return torch.stack([channel(x) for x in image])


def blend(other, image, share):
    """From the other image, at 0, through the image, at 1, and beyond."""
    return (other + share * (image.float() - other)).clamp(0, 255).byte()


def grey(image):
    red, green, blue = image.int()
    return (red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16


def contrast(image, share):
    return blend(math.floor(grey(image).double().mean().item() + 0.5), image, share)


def sharpness(image, share):
    smooth = image.float()
    sums = F.avg_pool2d(smooth, 3, 1, divisor_override=1) + 4 * smooth[:, 1:-1, 1:-1]
    smooth[:, 1:-1, 1:-1] = torch.floor(sums / 13 + 0.5)
    return blend(smooth, image, share)


# By a strength from -1 to 1. 150 pixels of ImageNet's 331 are as many of CIFAR's 32.
OPERATIONS = {
    "ShearY": lambda x, s: read_through(x, 1, 0, 0, 0.3 * s, 1, 0),
    "TranslateX": lambda x, s: read_through(x, 1, 0, -int(150 / 331 * 32 * s), 0, 1, 0),
    "TranslateY": lambda x, s: read_through(x, 1, 0, 0, 0, 1, -int(150 / 331 * 32 * s)),
    "Rotate": lambda x, s: rotate(x, 30 * s),
    "AutoContrast": lambda x, s: auto_contrast(x),
    "Invert": lambda x, s: 255 - x,
    "Equalize": lambda x, s: equalize(x),
    "Solarize": lambda x, s: torch.where(x < 256 * (1 - abs(s)), x, 255 - x),
    "Posterize": lambda x, s: x & (256 - 2 ** math.floor(4 * abs(s) + 0.5)),
    "Contrast": lambda x, s: contrast(x, 1 + 0.9 * s),
    "Color": lambda x, s: blend(grey(x), x, 1 + 0.9 * s),
    "Brightness": lambda x, s: blend(0, x, 1 + 0.9 * s),
    "Sharpness": lambda x, s: sharpness(x, 1 + 0.9 * s),
}


def auto_augment(images):
    """Changes each image, of bytes [3, height, width], by a pair of the policy."""
    changed = []
    for image in images:
        pair = POLICY[torch.randint(len(POLICY), ()).item()]
        for name, probability, magnitude in (pair[:3], pair[3:]):
            sign = 1 if torch.rand(()) < 0.5 else -1
            if torch.rand(()) < probability:
                image = OPERATIONS[name](image, sign * magnitude / 9)
        changed.append(image)
    return torch.stack(changed)
`;
