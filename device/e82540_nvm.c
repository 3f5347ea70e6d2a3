/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EEPROM: a 93C46, 64 words of 16 bits (chapter 5), and the two ways to it:
 * EERD, which reads a word at a time, and EECD, with which software moves the
 * four wires of the EEPROM's Microwire bus.
 *
 * A 93C46 takes a bit at each rising edge of SK while CS is high.  A command is
 * a start bit (1), two bits of opcode and six of address:
 *
 *	10 a	READ		16 bits come out at the next edges, then those
 *				of the following word, and so on
 *	01 a	WRITE		16 bits go in, then CS falls: written
 *	11 a	ERASE		CS falls: all ones
 *	00 11	EWEN		WRITE, ERASE and the next two work from now on
 *	00 10	ERAL		ERASE of all words
 *	00 01	WRAL		WRITE of all words
 *	00 00	EWDS		they do not work any more, as after power-on
 *
 * If CS falls too early, the command is dropped.  After a write, DO is 1
 * ("ready") when CS rises again: here a write takes no time.  While nothing
 * drives DO, it is pulled up.
 */
#include "e82540_nvm.h"

enum phase {
	PHASE_START,			/* zeros before the start bit */
	PHASE_COMMAND,
	PHASE_READ,
	PHASE_DATA,			/* WRITE, WRAL: data go in */
	PHASE_COMMIT,			/* CS falls: do it */
	PHASE_DONE,			/* ignore everything until CS falls */
};

#define COMMAND_BITS	(E1000_NVM_OPCODE_BITS - 1 + E1000_NVM_ADDR_BITS_64)
#define DATA_BITS	16u
#define WORD_MASK	(E82540_NVM_WORDS - 1)

/* The two bits after the start bit; and after 00, the next two. */
enum op {
	OP_EXTENDED,
	OP_WRITE,
	OP_READ,
	OP_ERASE
};
enum extended {
	EXT_EWDS,
	EXT_WRAL,
	EXT_ERAL,
	EXT_EWEN
};

#define WIRES		(E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI)

/* ------------------------------------------------------------- the image */

/* Words of the EEPROM that set registers up (5.6). */
#define ICW1_ILOS	(1u << 4)
#define ICW1_LRST	(1u << 9)
#define ICW1_FD		(1u << 10)
#define ICW1_FRCSPD	(1u << 11)
#define ICW2_APME_OLD	(1u << 2)	/* the 82544's */
#define ICW2_APMPME	(1u << 15)
#define ICW3_APME	(1u << 10)	/* others' */

const uint16_t e82540_nvm_device_id[] = {
	[E82540_82540EM] = E1000_DEV_82540EM,
	[E82540_82545EM] = E1000_DEV_82545EM,
	[E82540_82544GC] = E1000_DEV_82544GC,
};

/* Intel's own cards: PRO/1000 MT Desktop, MT Server, T Desktop. */
static const uint16_t subsystem_id[] = {
	[E82540_82540EM] = 0x001E,
	[E82540_82545EM] = 0x1001,
	[E82540_82544GC] = 0x1112,
};

/*
 * ICW1 (5.6.6): 32-bit BARs, full duplex, power management; ids from words 0Bh
 * to 0Eh.  ICW2: PAUSE both ways, for fibre.  22h: 2 W in D0, 0.5 W in D3.
 * APM wake-up is on, as common images have it, unless config.no_apm: many
 * drivers never set CTRL.SLU, and rely on it to be 1 then (13.4.1).
 */
static void
nvm_image(struct e82540 *dev)
{
	enum e82540_chip chip = dev->config.chip;
	const uint8_t *mac = dev->config.mac;
	uint16_t *word = dev->nvm.word, sum = 0;
	unsigned int i;

	for (i = 0; i < 3; i++)
		word[E1000_NVM_MAC0 + i] = e82540_get16(mac + 2 * i);
	word[E1000_NVM_ID_LED] = 0xFFFF;	/* as the chip has it */
	word[E1000_NVM_PBA0] = 0x0825;
	word[E1000_NVM_PBA1] = 0x4000;
	word[E1000_NVM_ICW1] = E1000_NVM_ICW1_SIG_VALID | 1u << 13 | 1u << 10 |
	    E82540_ICW1_POWER | E82540_ICW1_SUBSYSTEM | E82540_ICW1_DEVICE;
	word[E1000_NVM_SUBSYS_ID] = subsystem_id[chip];
	word[E1000_NVM_SUBSYS_VENDOR] = E1000_VENDOR_INTEL;
	word[E1000_NVM_DEVICE_ID] = e82540_nvm_device_id[chip];
	word[E1000_NVM_VENDOR_ID] = E1000_VENDOR_INTEL;
	word[E1000_NVM_ICW2] = E1000_NVM_ICW2_PAUSE | E1000_NVM_ICW2_ASM_DIR;
	word[E1000_NVM_D0_D3_POWER] = 20u << 8 | 5u;
	if (!dev->config.no_apm && chip == E82540_82544GC)
		word[E1000_NVM_ICW2] |= ICW2_APME_OLD;
	else if (!dev->config.no_apm)
		word[E1000_NVM_ICW3] |= ICW3_APME;
	for (i = 0; i < E1000_NVM_CHECKSUM_WORD; i++)
		sum += word[i];
	word[E1000_NVM_CHECKSUM_WORD] = E1000_NVM_CHECKSUM - sum;
}

void
e82540_nvm_init(struct e82540 *dev)
{
	memset(&dev->nvm, 0, sizeof(dev->nvm));
	dev->nvm.out = true;
	if (dev->config.nvm != NULL)
		memcpy(dev->nvm.word, dev->config.nvm, sizeof(dev->nvm.word));
	else
		nvm_image(dev);
}

/* --------------------------------------------------- registers set up by it */

static uint32_t
bit_if(uint16_t word, uint32_t bit_of_word, uint32_t bit_of_register)
{
	return word & bit_of_word ? bit_of_register : 0;
}

/*
 * What the EEPROM sets up, if the chip finds its signature (5.6.8): station
 * address, CTRL, TXCW, WUC.  With APM wake-up SLU is set, so that there is a
 * link without a driver (13.4.1).  All locks.
 */
void
e82540_nvm_load(struct e82540 *dev)
{
	const uint16_t *word = dev->nvm.word;
	uint16_t icw1 = word[E1000_NVM_ICW1], icw2 = word[E1000_NVM_ICW2];
	uint32_t apme = E82540_IS(dev, E82540_82544GC) ?
	    bit_if(icw2, ICW2_APME_OLD, E1000_WUC_APME) :
	    bit_if(word[E1000_NVM_ICW3], ICW3_APME, E1000_WUC_APME);

	if ((icw1 & E1000_NVM_ICW1_SIG_MASK) != E1000_NVM_ICW1_SIG_VALID)
		return;
	e82540_reg_set(dev, E1000_RAL(0),
	    word[E1000_NVM_MAC0] | (uint32_t)word[E1000_NVM_MAC1] << 16);
	e82540_reg_set(dev, E1000_RAH(0), word[E1000_NVM_MAC2] | E1000_RAH_AV);
	e82540_reg_set(dev, E1000_CTRL,
	    (e82540_reg(dev, E1000_CTRL) &
		~(E1000_CTRL_FD | E1000_CTRL_LRST | E1000_CTRL_SLU |
		    E1000_CTRL_ILOS | E1000_CTRL_FRCSPD)) |
		bit_if(icw1, ICW1_FD, E1000_CTRL_FD) |
		bit_if(icw1, ICW1_LRST, E1000_CTRL_LRST) |
		bit_if(icw1, ICW1_ILOS, E1000_CTRL_ILOS) |
		bit_if(icw1, ICW1_FRCSPD, E1000_CTRL_FRCSPD) |
		(apme ? E1000_CTRL_SLU : 0));
	e82540_reg_set(dev, E1000_TXCW,
	    bit_if(icw1, ICW1_FD, E1000_TXCW_FD) |
		bit_if(icw2, E1000_NVM_ICW2_PAUSE, E1000_TXCW_PAUSE) |
		bit_if(icw2, E1000_NVM_ICW2_ASM_DIR, E1000_TXCW_ASM_DIR) |
		bit_if(icw2, E1000_NVM_ICW2_ANE, E1000_TXCW_ANE));
	e82540_reg_set(dev, E1000_WUC,
	    apme | bit_if(icw2, ICW2_APMPME, E1000_WUC_APMPME));
}

/* ------------------------------------------------------------------- EERD */

/*
 * 13.4.4.  The word is there at once, even while software holds the wires.
 * There are 64 words; any other address reads as all ones.
 */
void
e82540_eerd_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t address =
	    (value & E1000_EERD_ADDR_MASK) >> E1000_EERD_ADDR_SHIFT;
	uint32_t eerd = value & E1000_EERD_ADDR_MASK, data = 0xFFFF;

	if (value & E1000_EERD_START) {
		if (address < E82540_NVM_WORDS)
			data = dev->nvm.word[address];
		else
			e82540_bad_access(dev, E82540_BAD_WRITE, offset, value);
		eerd |= data << E1000_EERD_DATA_SHIFT | E1000_EERD_DONE;
	}
	e82540_reg_set(dev, offset, eerd);
}

/* ------------------------------------------------------------ the 93C46 */

static void
nvm_store(struct e82540_nvm *nvm, uint16_t value, bool all)
{
	unsigned int i;

	if (!nvm->write_enabled)
		return;
	nvm->word[nvm->address & WORD_MASK] = value;
	for (i = 0; all && i < E82540_NVM_WORDS; i++)
		nvm->word[i] = value;
}

static void
nvm_command_extended(struct e82540_nvm *nvm)
{
	switch ((enum extended)(nvm->address >> 4 & 3)) {
	case EXT_EWDS:
	case EXT_EWEN:
		nvm->write_enabled = (nvm->address >> 4 & 3) == EXT_EWEN;
		nvm->phase = PHASE_DONE;
		break;
	case EXT_WRAL:
		nvm->phase = PHASE_DATA;
		break;
	case EXT_ERAL:
		nvm->phase = PHASE_COMMIT;
		break;
	}
}

/* shift_in is opcode and address; shift_out keeps them for nvm_commit(). */
static void
nvm_command(struct e82540_nvm *nvm)
{
	nvm->address = nvm->shift_in & WORD_MASK;
	nvm->shift_out = nvm->shift_in;
	nvm->bits = 0;
	switch ((enum op)(nvm->shift_in >> E1000_NVM_ADDR_BITS_64 & 3)) {
	case OP_EXTENDED:
		nvm_command_extended(nvm);
		break;
	case OP_WRITE:
		nvm->phase = PHASE_DATA;
		break;
	case OP_READ:
		nvm->shift_out = nvm->word[nvm->address];
		nvm->out = false;		/* the dummy bit */
		nvm->phase = PHASE_READ;
		break;
	case OP_ERASE:
		nvm->phase = PHASE_COMMIT;
		break;
	}
}

/* CS has fallen after a complete command: do it. */
static void
nvm_commit(struct e82540_nvm *nvm)
{
	uint32_t data = nvm->shift_in & 0xFFFF;
	uint32_t op = nvm->shift_out >> E1000_NVM_ADDR_BITS_64 & 3;

	if (op == OP_WRITE)
		nvm_store(nvm, data, false);
	else if (op == OP_ERASE)
		nvm_store(nvm, 0xFFFF, false);
	else if ((nvm->address >> 4 & 3) == EXT_WRAL)
		nvm_store(nvm, data, true);
	else
		nvm_store(nvm, 0xFFFF, true);
}

static void
nvm_read_edge(struct e82540_nvm *nvm)
{
	if (nvm->bits >= DATA_BITS) {
		nvm->address = (nvm->address + 1) & WORD_MASK;
		nvm->shift_out = nvm->word[nvm->address];
		nvm->bits = 0;
	}
	nvm->out = nvm->shift_out >> (DATA_BITS - 1) & 1;
	nvm->shift_out <<= 1;
	nvm->bits++;
}

/* SK has risen, CS is high. */
static void
nvm_edge(struct e82540_nvm *nvm, bool in)
{
	switch ((enum phase)nvm->phase) {
	case PHASE_START:
		if (in) {
			nvm->phase = PHASE_COMMAND;
			nvm->bits = 0;
			nvm->shift_in = 0;
			nvm->out = true;
		}
		break;
	case PHASE_COMMAND:
		nvm->shift_in = nvm->shift_in << 1 | in;
		if (++nvm->bits >= COMMAND_BITS)
			nvm_command(nvm);
		break;
	case PHASE_READ:
		nvm_read_edge(nvm);
		break;
	case PHASE_DATA:
		nvm->shift_in = nvm->shift_in << 1 | in;
		if (++nvm->bits >= DATA_BITS)
			nvm->phase = PHASE_COMMIT;
		break;
	case PHASE_COMMIT:
	case PHASE_DONE:
	default:
		break;
	}
}

static void
nvm_deselect(struct e82540_nvm *nvm)
{
	if (nvm->phase == PHASE_COMMIT)
		nvm_commit(nvm);
	nvm->phase = PHASE_START;
	nvm->out = true;
}

/* ------------------------------------------------------------------- EECD */

/*
 * The wires as the EEPROM sees them.  The 82540 and later chips hold them low
 * until software asks for the bus (13.4.3), which they grant at once.
 */
static uint32_t
nvm_wires(const struct e82540 *dev, uint32_t eecd)
{
	bool granted = E82540_IS(dev, E82540_82544GC) || eecd & E1000_EECD_REQ;

	return granted ? eecd & WIRES : 0;
}

void
e82540_eecd_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t mask = WIRES | E1000_EECD_FWE_MASK;
	uint32_t was = nvm_wires(dev, e82540_reg(dev, offset)), now;

	if (!E82540_IS(dev, E82540_82544GC))
		mask |= E1000_EECD_REQ;
	e82540_reg_set(dev, offset, value & mask);
	now = nvm_wires(dev, value & mask);
	/* was: a reset may have pulled CS down since the last write. */
	if (!(was & now & E1000_EECD_CS))
		nvm_deselect(&dev->nvm);
	if (now & E1000_EECD_CS && now & ~was & E1000_EECD_SK)
		nvm_edge(&dev->nvm, now & E1000_EECD_DI);
}

uint32_t
e82540_eecd_read(const struct e82540 *dev, uint32_t offset)
{
	uint32_t eecd = e82540_reg(dev, offset) | E1000_EECD_PRES;

	if (eecd & E1000_EECD_REQ)
		eecd |= E1000_EECD_GNT;
	if (dev->nvm.out)
		eecd |= E1000_EECD_DO;
	return eecd;
}
